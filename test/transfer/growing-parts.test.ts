import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../src/store/object-store.ts';
import type { StoreLimits } from '../../src/store/store-limits.ts';
import { planTransfer } from '../../src/transfer/plan-transfer.ts';
import { upload } from '../../src/transfer/upload.ts';
import { bytesOf, instantSleep, KEY, leftovers, NOTHING, producer, readObject } from './bytes.ts';
import { createMemoryStore, SMALL_LIMITS } from './memory-store.ts';

interface Watched {
  readonly store: ObjectStore;
  readonly sizes: number[];
  /** The most bytes that were in flight at once. */
  most: number;
}

/** Parts take a while, each as long as chance wants, and are read only when it is over. */
function watch(limits: StoreLimits): Watched {
  const inner = createMemoryStore({ limits });
  let bytes = 0;
  const watched: Watched = {
    sizes: [],
    most: 0,
    store: {
      ...inner,
      startUpload: async (key, call) => {
        const started = await inner.startUpload(key, call);
        return {
          ...started,
          putPart: async (number, body, options) => {
            bytes += body.byteLength;
            watched.most = Math.max(watched.most, bytes);
            watched.sizes[number - 1] = body.byteLength;
            for (let waits = Math.random() * 4; waits > 0; waits -= 1) await new Promise(setImmediate);
            try {
              return await started.putPart(number, body, options);
            } finally {
              bytes -= body.byteLength;
            }
          },
        };
      },
    },
  };
  return watched;
}

describe('a stream that outgrows what was expected', () => {
  const run = (watched: Watched, body: Uint8Array, options: object) =>
    upload({ store: watched.store, key: KEY, source: producer(body), ...instantSleep(), ...options });

  it('goes on in bigger parts, within the memory, up to exactly the ceiling', async () => {
    const cases = fc.record({
      maxParts: fc.integer({ min: 2, max: 40 }),
      maxMemory: fc.integer({ min: 20, max: 2000 }),
      partBytes: fc.integer({ min: 1, max: 20 }),
      concurrency: fc.integer({ min: 1, max: 6 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    const property = fc.asyncProperty(cases, async ({ maxParts, share, ...options }) => {
      const limits = { ...SMALL_LIMITS, maxParts };
      const { maxStreamBytes } = planTransfer({ limits, ...options });
      for (const bytes of new Set([Math.ceil(maxStreamBytes * share) || 1, maxStreamBytes])) {
        const watched = watch(limits);
        const body = bytesOf(bytes);
        const result = await run(watched, body, options);
        expect((await readObject(watched.store)).equals(body)).toBe(true);
        expect(result).toMatchObject({ storedBytes: bytes, partBytes: options.partBytes });
        expect(result.parts).toBeLessThanOrEqual(maxParts);
        expect(watched.most).toBeLessThanOrEqual(options.maxMemory);
        const whole = watched.sizes.slice(0, -1);
        expect(whole).toEqual([...whole].sort((a, b) => a - b));
      }
    });
    await fc.assert(property, { numRuns: 60 });
  });

  it('fails one byte behind the ceiling, before a part too many is sent, and leaves nothing', async () => {
    const limits = { ...SMALL_LIMITS, maxParts: 12 };
    const options = { partBytes: 10, maxMemory: 100 };
    const { maxStreamBytes } = planTransfer({ limits, ...options });
    const watched = watch(limits);
    await expect(run(watched, bytesOf(maxStreamBytes + 1), options)).rejects.toMatchObject({
      code: 'STREAM_TOO_LONG',
      advice: expect.stringContaining('--max-memory'),
    });
    expect(watched.sizes.length).toBeLessThan(12);
    expect(await leftovers(watched.store)).toEqual(NOTHING);
  });

  it('has parts of one size where the store wants that', async () => {
    const limits = { ...SMALL_LIMITS, maxParts: 12, equalParts: true };
    const watched = watch(limits);
    await run(watched, bytesOf(120), { partBytes: 10 });
    expect(new Set(watched.sizes)).toEqual(new Set([10]));
    await expect(run(watched, bytesOf(121), { partBytes: 10, ifExists: 'replace' })).rejects.toMatchObject({
      code: 'STREAM_TOO_LONG',
    });
  });
});

describe('what is said before anything is read', () => {
  it('is the ceiling, where it matters', async () => {
    const told: string[] = [];
    const logger = { debug() {}, info: (_: object, message: string) => told.push(message), warn() {} };
    const store = createMemoryStore({ limits: { ...SMALL_LIMITS, maxParts: 3, equalParts: true } });
    await upload({ store, key: KEY, source: producer(bytesOf(10)), logger, partBytes: 1024 });
    expect(told).toEqual([expect.stringContaining(`${KEY}: the stream may have at most 3 KiB`)]);
  });

  it('is the refusal of what does not fit', async () => {
    let isRead = false;
    async function* source() {
      isRead = true;
      yield bytesOf(10);
    }
    const store = createMemoryStore();
    const options = { store, key: KEY, source: source(), partBytes: 4096, maxMemory: 4095 };
    await expect(upload(options)).rejects.toMatchObject({ code: 'USAGE' });
    expect(isRead).toBe(false);
  });
});
