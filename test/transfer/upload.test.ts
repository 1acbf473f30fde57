import { once } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Logger } from '../../src/logger.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { type UploadOptions, upload } from '../../src/transfer/upload.ts';
import {
  bytesOf,
  instantSleep,
  KEY,
  leftovers,
  NOTHING,
  producer,
  readObject,
  temporaryDirectoryStore,
} from './bytes.ts';
import {
  answerLost,
  createFaultStore,
  type Fault,
  failing,
  hanging,
  noAnswer,
  onPart,
} from './fault-store.ts';
import { createMemoryStore, KIB, SMALL_LIMITS } from './memory-store.ts';

const PART = 4 * KIB;
/** A busy machine may take its time. */
const ROOM = { timeout: 15_000 };

function put(store: ObjectStore, body: Uint8Array, options: Partial<UploadOptions> = {}) {
  const { sleep } = instantSleep();
  return upload({ store, key: KEY, source: producer(body), partBytes: PART, sleep, ...options });
}

async function smallPartsInDirectory(): Promise<ObjectStore> {
  return { ...(await temporaryDirectoryStore()), limits: SMALL_LIMITS };
}

const stores: ReadonlyArray<readonly [string, () => Promise<ObjectStore>]> = [
  ['directory store', smallPartsInDirectory],
  ['store with S3 semantics', async () => createMemoryStore()],
];

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

describe('requests of an upload', () => {
  it('are one PUT and one HEAD for what fits one part', async () => {
    const store = createFaultStore(createMemoryStore());
    await put(store, bytesOf(PART), { ifExists: 'replace' });
    expect(store.calls.map(({ operation }) => operation)).toEqual(['put', 'head']);
  });

  it('are each made once when nothing fails', async () => {
    const store = createFaultStore(createMemoryStore());
    await put(store, bytesOf(2 * PART + 1), { ifExists: 'replace', concurrency: 1 });
    expect(store.calls.map(({ operation }) => operation)).toEqual([
      // who else is at this key
      'openUploads',
      // the note, without and with the ID
      ...['put', 'startUpload', 'put'],
      ...['putPart', 'putPart', 'putPart'],
      ...['listParts', 'complete', 'head'],
      // the note
      'remove',
    ]);
  });

  it('are one PUT and one HEAD, too, where the store itself refuses to replace', async () => {
    const store = createFaultStore(createMemoryStore({ conditional: true }));
    await put(store, bytesOf(PART));
    expect(store.calls.map(({ operation }) => operation)).toEqual(['put', 'head']);
    await expect(put(store, bytesOf(PART + 1))).rejects.toMatchObject({ code: 'BACKUP_EXISTS' });
    await expect(put(store, bytesOf(PART - 1))).rejects.toMatchObject({ code: 'BACKUP_EXISTS' });
    await put(store, bytesOf(PART - 1), { ifExists: 'replace' });
  });

  it('know what they stored themselves when the answer to the PUT was lost', async () => {
    const inner = createMemoryStore({ conditional: true });
    const store = createFaultStore(inner, { faults: { put: answerLost() } });
    await expect(put(store, bytesOf(PART))).resolves.toMatchObject({ storedBytes: PART, retries: 1 });
    const unlucky: Fault = async ({ n }, proceed) => {
      if (n > 1) return proceed();
      await inner.put(`${KEY}2`, bytesOf(PART - 1));
      throw noAnswer();
    };
    const other = createFaultStore(inner, { faults: { put: unlucky } });
    await expect(put(other, bytesOf(PART), { key: `${KEY}2` })).rejects.toMatchObject({
      code: 'BACKUP_EXISTS',
    });
  });

  it('do not replace what another stored under the key just before Complete, where the store can tell', async () => {
    const inner = createMemoryStore({ conditional: true });
    const meanwhile: Fault = async (_, proceed) => {
      await inner.put(KEY, Buffer.from('of another machine'));
      return proceed();
    };
    const store = createFaultStore(inner, { faults: { complete: meanwhile } });
    await expect(put(store, bytesOf(2 * PART + 1))).rejects.toMatchObject({ code: 'BACKUP_EXISTS' });
    expect(await inner.head(KEY)).toMatchObject({ bytes: 18 });
    expect((await leftovers(inner)).uploads).toBe(0);
    await put(inner, bytesOf(2 * PART + 1), { ifExists: 'replace' });
  });

  it('start before the source ended, but show nothing', async () => {
    const inner = createMemoryStore();
    const store = createFaultStore(inner);
    async function* slow() {
      yield bytesOf(5 * PART);
      for (let i = 0; i < 1_000 && store.count('putPart') < 4; i += 1) await new Promise(setImmediate);
      expect(store.count('putPart')).toBeGreaterThanOrEqual(4);
      expect(await leftovers(inner)).toEqual({ object: false, uploads: 1 });
    }
    await put(store, new Uint8Array(), { source: slow() });
    expect(await leftovers(inner)).toEqual({ object: true, uploads: 0 });
  });
});

describe('back-pressure', () => {
  it('reads no further than the buffers hold while the store does not take anything', async () => {
    const store = createFaultStore(createMemoryStore(), { faults: { putPart: hanging } });
    const abort = new AbortController();
    let read = 0;
    async function* endless() {
      for (;;) {
        read += PART;
        yield new Uint8Array(PART);
      }
    }
    const call = put(store, new Uint8Array(), { source: endless(), concurrency: 3, signal: abort.signal });
    await expect.poll(() => store.count('putPart'), ROOM).toBe(3);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(store.count('putPart')).toBe(3);
    // Four buffers, and the chunk that showed that the fourth is not the last.
    expect(read).toBe(5 * PART);
    abort.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
  });
});

describe('many parts in flight', () => {
  it('do not look like a leak to Node', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on('warning', onWarning);
    const store = createFaultStore(createMemoryStore(), { faults: { putPart: hanging } });
    const abort = new AbortController();
    const call = put(store, bytesOf(40 * PART), { concurrency: 32, signal: abort.signal });
    await expect.poll(() => store.count('putPart'), ROOM).toBe(32);
    abort.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });
});

describe('an upload that is interrupted', () => {
  it.each(['source', 'putPart', 'startUpload', 'head', 'put'] as const)(
    'while it waits for %s stops reading, drops the upload and rejects with the reason',
    async (where) => {
      const inner = createMemoryStore();
      const store = createFaultStore(inner, { faults: where === 'source' ? {} : { [where]: hanging } });
      const reason = new Error('SIGTERM');
      const abort = new AbortController();
      let returned = false;
      async function* source() {
        try {
          yield bytesOf(where === 'put' ? 10 : 3 * PART);
          if (where === 'source') await once(abort.signal, 'abort');
        } finally {
          returned = true;
        }
      }
      const call = put(store, new Uint8Array(), { source: source(), signal: abort.signal });
      setTimeout(() => abort.abort(reason), 20);
      await expect(call).rejects.toBe(reason);
      expect(returned).toBe(true);
      expect(await leftovers(inner)).toEqual(NOTHING);
    },
  );

  it('does not wait for ever for a source that does not end', async () => {
    const inner = createMemoryStore();
    async function* stuck() {
      yield bytesOf(3 * PART);
      await new Promise(() => {});
    }
    const abort = new AbortController();
    const call = put(inner, new Uint8Array(), { source: stuck(), signal: abort.signal });
    setTimeout(() => abort.abort(new Error('SIGTERM')), 20);
    await expect(call).rejects.toThrow('SIGTERM');
    expect(await leftovers(inner)).toEqual(NOTHING);
  });

  it('does not begin when it was interrupted before', async () => {
    const store = createFaultStore(createMemoryStore());
    const signal = AbortSignal.abort(new Error('SIGTERM'));
    await expect(put(store, bytesOf(10), { signal })).rejects.toThrow('SIGTERM');
    expect(store.calls).toEqual([]);
  });

  it('while Complete is under way still ends it, for then nothing is unknown', async () => {
    const inner = createMemoryStore();
    const abort = new AbortController();
    const store = createFaultStore(inner, {
      faults: {
        complete: async (_call, proceed) => {
          abort.abort(new Error('SIGTERM'));
          await new Promise((resolve) => setTimeout(resolve, 20));
          return proceed();
        },
      },
    });
    await put(store, bytesOf(3 * PART), { signal: abort.signal });
    expect(await leftovers(inner)).toEqual({ object: true, uploads: 0 });
    expect(store.count('abort')).toBe(0);
  });
});

describe('progress and log', () => {
  it('tell stored bytes, parts in flight and retries', async () => {
    const flaky = onPart(2, failing(3));
    const putPart: Fault = async (call, proceed) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return flaky(call, proceed);
    };
    const store = createFaultStore(createMemoryStore(), { faults: { putPart } });
    const seen: Array<{ storedBytes: number; partsInFlight: number; retries: number; parts: number }> = [];
    const body = bytesOf(4 * PART);
    const onProgress: UploadOptions['onProgress'] = (progress) => seen.push(progress);
    const result = await put(store, body, { onProgress, concurrency: 2 });
    expect(result.retries).toBe(3);
    expect(Math.max(...seen.map(({ partsInFlight }) => partsInFlight))).toBe(2);
    expect(seen.at(-1)).toEqual({
      storedBytes: 4 * PART,
      partsInFlight: 0,
      retries: 3,
      parts: 4,
      skippedParts: 0,
      skippedBytes: 0,
    });
  });

  it('name the memory that buffers take', async () => {
    const lines: object[] = [];
    const logger: Logger = { debug: (facts) => lines.push(facts), info() {}, warn() {} };
    const limits = { ...SMALL_LIMITS, equalParts: true };
    await put(createMemoryStore({ limits }), bytesOf(10), { logger, concurrency: 7 });
    expect(lines[0]).toMatchObject({ partBytes: PART, concurrency: 7, memoryBytes: 8 * PART });
  });

  it('end the upload when the caller’s own function throws', async () => {
    const store = createMemoryStore();
    const onProgress = () => {
      throw new Error('renderer broke');
    };
    await expect(put(store, bytesOf(5 * PART), { onProgress })).rejects.toThrow('renderer broke');
    expect(await leftovers(store)).toEqual(NOTHING);
  });
});

describe('options', () => {
  it.each([0, -1, 1.5, Number.NaN])('refuse %d parts in flight', async (concurrency) => {
    await expect(put(createMemoryStore(), bytesOf(10), { concurrency })).rejects.toMatchObject({
      code: 'USAGE',
    });
  });
});
