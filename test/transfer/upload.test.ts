import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { bytesOf, KEY, leftovers, NOTHING, producer, readObject } from './bytes.ts';
import { createFaultStore } from './fault-store.ts';
import { createMemoryStore } from './memory-store.ts';
import { PART, put } from './put-parts.ts';
import { stores } from './small-stores.ts';

describe.each(stores)('upload to a %s', (_, createStore) => {
  it.each([1, PART - 1, PART, PART + 1, 2 * PART, 3 * PART, 3 * PART + 1, 10 * PART - 1])(
    'stores %d bytes as they are, in parts of 4,096',
    async (length) => {
      const store = await createStore();
      const body = bytesOf(length);
      const result = await put(store, body, {
        metadata: { isfull: 'true', size: '17' },
        storageClass: 'COLD',
      });
      expect((await readObject(store)).equals(body)).toBe(true);
      const info = await store.head(KEY);
      expect(info).toMatchObject({ metadata: { isfull: 'true', size: '17' }, storageClass: 'COLD' });
      expect(result).toMatchObject({
        key: KEY,
        etag: info?.etag,
        storedBytes: length,
        parts: Math.ceil(length / PART),
        partBytes: PART,
        retries: 0,
      });
      expect(result.seconds).toBeGreaterThan(0);
      expect((await store.openUploads('')).length).toBe(0);
    },
  );

  it('stores any length with any number of parts in flight, and never more of them', async () => {
    const inner = await createStore();
    const length = fc.oneof(
      fc.integer({ min: 1, max: 12 * PART }),
      fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: -1, max: 1 })).map(([k, d]) => k * PART + d),
    );
    const property = fc.asyncProperty(
      length,
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 3 * PART }),
      async (bytes, concurrency, pieceBytes) => {
        let inFlight = 0;
        let most = 0;
        const buffers = new Set<ArrayBufferLike>();
        const store = createFaultStore(inner, {
          faults: {
            putPart: async (_call, proceed) => {
              inFlight += 1;
              most = Math.max(most, inFlight);
              await new Promise((resolve) => setImmediate(resolve));
              return proceed().finally(() => {
                inFlight -= 1;
              });
            },
          },
        });
        const spy = watchBuffers(store, buffers);
        const body = bytesOf(bytes);
        const source = producer(body, pieceBytes);
        await put(spy, body, { source, concurrency, ifExists: 'replace' });
        expect((await readObject(inner)).equals(body)).toBe(true);
        expect(most).toBeLessThanOrEqual(concurrency);
        expect(buffers.size).toBeLessThanOrEqual(1);
      },
    );
    await fc.assert(property, { numRuns: 40 });
  });

  it.each([0, 1, PART, PART + 1, 3 * PART, 3 * PART + 1])(
    'leaves neither object nor upload of a source that fails after %d bytes, and throws its very error',
    async (length) => {
      const store = await createStore();
      const error = new Error('zfs send exited with status 1');
      const source = producer(bytesOf(length), 700, error);
      await expect(put(store, new Uint8Array(), { source })).rejects.toBe(error);
      expect(await leftovers(store)).toEqual(NOTHING);
    },
  );

  it('stores nothing for an empty stream, unless that is wanted', async () => {
    const store = await createStore();
    await expect(put(store, new Uint8Array())).rejects.toMatchObject({ code: 'EMPTY_STREAM' });
    expect(await leftovers(store)).toEqual(NOTHING);
    const result = await put(store, new Uint8Array(), { allowEmpty: true });
    expect(result.storedBytes).toBe(0);
    expect(await store.head(KEY)).toMatchObject({ bytes: 0 });
  });

  it('leaves what is stored alone, unless replacing is wanted', async () => {
    const store = await createStore();
    const old = bytesOf(100, 1);
    await put(store, old);
    for (const length of [50, 5 * PART]) {
      await expect(put(store, bytesOf(length, 2))).rejects.toMatchObject({ code: 'BACKUP_EXISTS' });
      expect((await readObject(store)).equals(old)).toBe(true);
      expect(await store.openUploads('')).toEqual([]);
    }
    for (const length of [50, 5 * PART]) {
      await put(store, bytesOf(length, 2), { ifExists: 'replace' });
      expect((await readObject(store)).equals(bytesOf(length, 2))).toBe(true);
    }
  });

  it('leaves alone what another machine stored while this one was sending', async () => {
    const inner = await createStore();
    const theirs = bytesOf(10, 9);
    const store = createFaultStore(inner, {
      faults: {
        putPart: async (_call, proceed) => {
          await inner.put(KEY, theirs);
          return proceed();
        },
      },
    });
    await expect(put(store, bytesOf(3 * PART))).rejects.toMatchObject({ code: 'BACKUP_EXISTS' });
    expect((await readObject(inner)).equals(theirs)).toBe(true);
    expect(await inner.openUploads('')).toEqual([]);
  });
});

/** Which buffers parts lie in when they are sent: those of the pool. */
function watchBuffers(store: ObjectStore, seen: Set<ArrayBufferLike>): ObjectStore {
  return {
    ...store,
    startUpload: async (key, call) => {
      const inner = await store.startUpload(key, call);
      return {
        ...inner,
        putPart: (number, body, options) => {
          seen.add(body.buffer);
          return inner.putPart(number, body, options);
        },
      };
    },
  };
}

describe('an upload that was completed', () => {
  it('is a success, also when the store does not take the note away in time', async () => {
    const late = () =>
      Promise.reject(new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
    const store = createFaultStore(createMemoryStore(), { faults: { remove: late } });
    await expect(put(store, bytesOf(3 * PART))).resolves.toMatchObject({ parts: 3 });
    expect(store.count('remove')).toBeGreaterThan(0);
  });
});

describe('options', () => {
  it.each([0, -1, 1.5, Number.NaN])('refuse %d parts in flight', async (concurrency) => {
    await expect(put(createMemoryStore(), bytesOf(10), { concurrency })).rejects.toMatchObject({
      code: 'USAGE',
    });
  });
});
