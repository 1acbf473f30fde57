import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { ObjectInfo, ObjectStore } from '../../src/store/object-store.ts';
import { openDownload } from '../../src/transfer/download.ts';
import { bytesOf, collect, KEY } from './bytes.ts';
import { download } from './download-all.ts';
import { body, createFaultStore, flip } from './fault-store.ts';
import type { GetInto } from './filled-buffers.ts';
import { createMemoryStore, KIB } from './memory-store.ts';

const MIB = 1024 ** 2;

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
