import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ObjectInfo, ObjectStore } from '../../src/store/object-store.ts';
import { createBackoff } from '../../src/store/retry.ts';
import { openDownload } from '../../src/transfer/download.ts';
import { readPartsAhead } from '../../src/transfer/read-parts-ahead.ts';
import { createSlots } from '../../src/transfer/slots.ts';
import { bytesOf, collect, instantSleep, KEY } from './bytes.ts';
import { download } from './download-all.ts';
import { body, createFaultStore, cut, denied, flip, noAnswer, slowDown } from './fault-store.ts';
import { createMemoryStore, KIB } from './memory-store.ts';

const MIB = 1024 ** 2;

type GetInto = NonNullable<ObjectStore['getInto']>;

interface Request {
  readonly first: number;
  readonly last: number;
  readonly n: number;
}

/** Before a range is answered: what this does to it. `bytes` come before the error; `wait` first. */
type Play = (request: Request) => { readonly bytes?: number; readonly error?: Error | undefined } | undefined;

/** As `store`, which fills buffers by itself: bytes come in pieces, some requests at once. */
function withGetInto(store: ObjectStore, play: Play = () => undefined) {
  const requests: Request[] = [];
  let running = 0;
  let most = 0;
  let aborted = 0;
  const getInto: GetInto = async (key, into, { first, ifMatch, signal, onBytes }) => {
    const request = { first, last: first + into.byteLength - 1, n: requests.length + 1 };
    requests.push(request);
    running += 1;
    most = Math.max(most, running);
    signal?.addEventListener('abort', () => (aborted += 1));
    try {
      const info = (await store.head(key)) as ObjectInfo;
      if (ifMatch !== info.etag) throw Object.assign(denied(), { code: 'MISMATCH' });
      const { chunks } = await store.get(key, { range: request });
      const { bytes: enough = Number.POSITIVE_INFINITY, error } = play(request) ?? {};
      let filled = 0;
      for await (const chunk of chunks) {
        await new Promise(setImmediate);
        signal?.throwIfAborted();
        const piece = chunk.subarray(0, enough - filled);
        into.set(piece, filled);
        filled += piece.byteLength;
        onBytes?.(filled);
        if (filled >= enough) break;
      }
      if (error) throw error;
      return { info, bytes: filled };
    } finally {
      running -= 1;
    }
  };
  return {
    store: { ...store, getInto },
    requests,
    running: () => running,
    most: () => most,
    aborted: () => aborted,
  };
}

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

/** Three parts and a bit. */
const BIG = randomBytes(50 * MIB + 3);

/** Bigger pieces than the store's own: these tests are about what comes in parts. */
async function bigStore({ checksum = false } = {}) {
  const plain = createMemoryStore();
  await plain.put(KEY, BIG);
  const told = { checksum: { algorithm: 'crc32', hex: crc32(BIG).toString(16).padStart(8, '0') } } as const;
  const head: ObjectStore['head'] = async (...call) => {
    const info = await plain.head(...call);
    return info && checksum ? { ...info, ...told } : info;
  };
  return { ...plain, head };
}

const fillAtOnce =
  (store: ObjectStore, spoil: (into: Uint8Array, first: number) => void = () => {}): GetInto =>
  async (key, into, { first, onBytes }) => {
    into.set(BIG.subarray(first, first + into.byteLength));
    spoil(into, first);
    onBytes?.(into.byteLength);
    return { info: (await store.head(key)) as ObjectInfo, bytes: into.byteLength };
  };

describe('a download of several parts', () => {
  it.each([false, true])('brings all bytes, to keep or to look at (lent: %s)', async (lend) => {
    const store = await bigStore();
    const chunks = download({ store: { ...store, getInto: fillAtOnce(store) }, key: KEY, lend });
    let at = 0;
    const kept: Uint8Array[] = [];
    for await (const chunk of chunks) {
      expect(BIG.subarray(at, at + chunk.byteLength).equals(chunk)).toBe(true);
      at += chunk.byteLength;
      kept.push(chunk);
    }
    expect(at).toBe(BIG.byteLength);
    if (!lend) expect(Buffer.concat(kept).equals(BIG)).toBe(true);
  });

  it.each([
    ['md5', false, 0],
    ['md5', false, 40 * MIB],
    ['crc32', true, 0],
    ['crc32', true, 17 * MIB],
    ['crc32', true, BIG.byteLength - 1],
  ])('compares the %s, and keeps the last bytes back when it is another one', async (name, checksum, at) => {
    const store = await bigStore({ checksum });
    const getInto = fillAtOnce(store, (into, first) => {
      if (at >= first && at < first + into.byteLength) into[at - first] = (into[at - first] ?? 0) ^ 4;
    });
    let received = 0;
    const reading = (async () => {
      for await (const chunk of download({ store: { ...store, getInto }, key: KEY }))
        received += chunk.byteLength;
    })();
    await expect(reading).rejects.toMatchObject({ code: 'MISMATCH', message: expect.stringContaining(name) });
    expect(received).toBe(48 * MIB);
  });

  it('stays within its memory while its reader is slow', async () => {
    const store = await bigStore();
    const fill = fillAtOnce(store);
    let asked = 0;
    const getInto: GetInto = (key, into, options) => {
      asked += into.byteLength;
      return fill(key, into, options);
    };
    const maxMemory = 5 * MIB;
    const { chunks } = await openDownload({ store: { ...store, getInto }, key: KEY, maxMemory, lend: true });
    let read = 0;
    for await (const chunk of chunks) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(asked - read).toBeLessThanOrEqual(maxMemory);
      read += chunk.byteLength;
    }
    expect(read).toBe(BIG.byteLength);
  });

  it('is refused when the object is replaced between two parts', async () => {
    const store = await bigStore();
    const fill = fillAtOnce(store);
    const getInto: GetInto = async (key, into, options) => {
      // A store that ignores If-Match.
      if (options.first > 0) await store.put(KEY, bytesOf(KIB));
      return fill(key, into, options);
    };
    const error = await collect(download({ store: { ...store, getInto }, key: KEY })).catch(
      (reason) => reason,
    );
    expect(error).toMatchObject({ code: 'MISMATCH', message: expect.stringContaining('was replaced') });
  });

  it('notices a flipped bit that comes by a stream, too', async () => {
    const inner = await bigStore();
    let bad = false;
    const store = createFaultStore(
      {
        ...inner,
        get: async (key, call) => ({ ...(await inner.get(key, call)), chunks: oneChunk(call?.range) }),
      },
      { faults: { get: body((chunks, { n }) => (n === 2 ? flip(chunks, 5) : chunks)) } },
    );
    await collect(download({ store, key: KEY })).catch(({ code }) => {
      bad = code === 'MISMATCH';
    });
    expect(bad).toBe(true);
  });
});

async function* oneChunk({ first, last } = { first: 0, last: BIG.byteLength - 1 }) {
  yield BIG.subarray(first, last + 1);
}
