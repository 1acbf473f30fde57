import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ObjectInfo, ObjectStore } from '../../src/store/object-store.ts';
import { createBackoff } from '../../src/store/retry.ts';
import { readPartsAhead } from '../../src/transfer/read-parts-ahead.ts';
import { createSlots } from '../../src/transfer/slots.ts';
import { bytesOf, instantSleep, KEY } from './bytes.ts';
import { body, createFaultStore, cut, denied, noAnswer, slowDown } from './fault-store.ts';
import { withGetInto } from './filled-buffers.ts';
import { createMemoryStore } from './memory-store.ts';

async function storeWith(content: Uint8Array): Promise<ObjectStore> {
  const store = createMemoryStore();
  await store.put(KEY, content);
  return store;
}

interface Reading {
  readonly partBytes: number;
  readonly concurrency: number;
  readonly attempts?: number;
  readonly signal?: AbortSignal;
  readonly onBytes?: (bytes: number) => void;
}

async function partsOf(
  store: ObjectStore,
  { partBytes, concurrency, attempts = 3, signal, onBytes }: Reading,
) {
  const info = (await store.head(KEY)) as ObjectInfo;
  const parts = Math.ceil(info.bytes / partBytes);
  const memoryBytes = Math.min(info.bytes, (concurrency + 1) * partBytes);
  return readPartsAhead({
    ...{ store, info, plan: { partBytes, parts, concurrency, memoryBytes } },
    backoff: createBackoff({ attempts, ...instantSleep() }),
    slots: createSlots(concurrency),
    signal: signal ?? new AbortController().signal,
    onBytes: onBytes ?? (() => {}),
    onParts: () => {},
  });
}

async function readAll(parts: Awaited<ReturnType<typeof partsOf>>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const part of parts) {
    all.push(Buffer.from(part.bytes));
    part.release();
  }
  return Buffer.concat(all);
}

describe('parts that are read ahead', () => {
  it('come whole and in order, however requests end', async () => {
    const faults = fc.array(
      fc.option(
        fc.record({
          bytes: fc.nat({ max: 3_000 }),
          error: fc.constantFrom(undefined, noAnswer(), slowDown(), noAnswer()),
        }),
        { nil: undefined },
      ),
      { maxLength: 40 },
    );
    const cases = fc.record({
      length: fc.integer({ min: 1, max: 40_000 }),
      partBytes: fc.integer({ min: 100, max: 20_000 }),
      concurrency: fc.integer({ min: 1, max: 6 }),
      streams: fc.boolean(),
      faults,
    });
    const property = fc.asyncProperty(cases, async ({ length, streams, faults, ...reading }) => {
      const content = bytesOf(length, length);
      let n = 0;
      const next = () => faults[n++];
      const plain = await storeWith(content);
      const cutting = body((chunks) => {
        const fault = next();
        return fault ? cut(chunks, fault.bytes, fault.error) : chunks;
      });
      const store = streams
        ? createFaultStore(plain, { faults: { get: cutting } })
        : withGetInto(plain, next).store;
      let told = 0;
      const onBytes = (bytes: number) => {
        told += bytes;
      };
      const parts = await partsOf(store, { ...reading, attempts: 50, onBytes });
      expect((await readAll(parts)).equals(content)).toBe(true);
      expect(told).toBe(length);
    });
    await fc.assert(property, { numRuns: 150 });
  });

  it('go on at the byte they had reached, each by itself', async () => {
    const content = bytesOf(40_000);
    const { store, requests } = withGetInto(await storeWith(content), ({ first, last }) =>
      last - first > 4_000 ? { bytes: 6_000, error: noAnswer() } : undefined,
    );
    expect((await readAll(await partsOf(store, { partBytes: 10_000, concurrency: 4 }))).equals(content)).toBe(
      true,
    );
    const firsts = requests.map(({ first }) => first).sort((a, b) => a - b);
    expect(firsts).toEqual([0, 6_000, 10_000, 16_000, 20_000, 26_000, 30_000, 36_000]);
  });

  it('are as many at once as planned, and no more while nobody takes the first', async () => {
    const { store, requests, most } = withGetInto(await storeWith(bytesOf(100_000)));
    const parts = await partsOf(store, { partBytes: 1_000, concurrency: 4 });
    const first = await parts.next();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(most()).toBe(4);
    // One is handed out and four wait: five buffers.
    expect(requests).toHaveLength(5);
    first.value?.release();
    await parts.return();
  });

  it('end all at the first that fails for good, with its error', async () => {
    const { store, running, aborted } = withGetInto(await storeWith(bytesOf(100_000)), ({ first }) =>
      first === 3_000 ? { bytes: 1, error: denied() } : undefined,
    );
    const parts = await partsOf(store, { partBytes: 1_000, concurrency: 4 });
    await expect(readAll(parts)).rejects.toMatchObject({ code: 'STORE_DENIED' });
    expect(running()).toBe(0);
    expect(aborted()).toBeGreaterThan(0);
  });

  it('give up when no byte more comes, and not before', async () => {
    const { store, requests } = withGetInto(await storeWith(bytesOf(10_000)), ({ first }) =>
      first === 5_005 ? { bytes: 0, error: noAnswer() } : { bytes: 1_001, error: noAnswer() },
    );
    const parts = await partsOf(store, { partBytes: 10_000, concurrency: 1, attempts: 4 });
    await expect(readAll(parts)).rejects.toThrow('(tried 4 times)');
    // Five that brought bytes; the failure of the last of them counts.
    expect(requests).toHaveLength(5 + 3);
  });

  it('stop at once when they are interrupted, with the reason', async () => {
    const { store, running } = withGetInto(await storeWith(bytesOf(100_000)));
    const abort = new AbortController();
    const reason = new Error('SIGTERM');
    const onBytes = () => abort.abort(reason);
    const parts = await partsOf(store, { partBytes: 10_000, concurrency: 3, signal: abort.signal, onBytes });
    await expect(readAll(parts)).rejects.toBe(reason);
    expect(running()).toBe(0);
  });

  it('leave nothing running when nobody wants more', async () => {
    const { store, running, requests } = withGetInto(await storeWith(bytesOf(100_000)));
    for await (const { bytes } of await partsOf(store, { partBytes: 1_000, concurrency: 4 })) {
      expect(bytes.byteLength).toBe(1_000);
      break;
    }
    expect(running()).toBe(0);
    const asked = requests.length;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(requests).toHaveLength(asked);
  });
});
