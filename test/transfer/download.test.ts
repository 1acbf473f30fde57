import { describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { type DownloadOptions, openDownload } from '../../src/transfer/download.ts';
import { upload } from '../../src/transfer/upload.ts';
import { bytesOf, collect, instantSleep, KEY, producer, temporaryDirectoryStore } from './bytes.ts';
import { download } from './download-all.ts';
import {
  answering,
  body,
  createFaultStore,
  cut,
  denied,
  type Fault,
  failing,
  flip,
  hanging,
  noAnswer,
  type Operation,
} from './fault-store.ts';
import { createMemoryStore, KIB, SMALL_LIMITS } from './memory-store.ts';

const LENGTH = 40 * KIB + 17;
const BODY = bytesOf(LENGTH);

async function storeWith(content: Uint8Array, faults: Partial<Record<Operation, Fault>> = {}) {
  const inner = createMemoryStore();
  await inner.put(KEY, content, { metadata: { isfull: 'true' } });
  return { inner, store: createFaultStore(inner, { faults }) };
}

function open(store: ObjectStore, options: Partial<DownloadOptions> = {}) {
  return openDownload({ store, key: KEY, ...instantSleep(), ...options });
}

/** What a receiver gets before it hears of an error. */
async function receive(chunks: AsyncIterable<Uint8Array>) {
  const received: Uint8Array[] = [];
  try {
    for await (const chunk of chunks) received.push(chunk);
    return { error: undefined, received: Buffer.concat(received) };
  } catch (error) {
    return { error, received: Buffer.concat(received) };
  }
}

describe('download', () => {
  it.each([0, 1, KIB - 1, KIB, KIB + 1, LENGTH])(
    'brings %d bytes back from memory and disk',
    async (length) => {
      const content = BODY.subarray(0, length);
      for (const store of [createMemoryStore(), await temporaryDirectoryStore()]) {
        await store.put(KEY, content);
        const { info, chunks } = await open(store);
        expect(info.bytes).toBe(length);
        expect((await collect(chunks)).equals(content)).toBe(true);
      }
    },
  );

  it.each([createMemoryStore, temporaryDirectoryStore])(
    'brings back what was uploaded in parts',
    async (create) => {
      const store = { ...(await create()), limits: SMALL_LIMITS };
      await upload({ store, key: KEY, source: producer(BODY), partBytes: 3 * KIB });
      expect((await collect(download({ store, key: KEY }))).equals(BODY)).toBe(true);
    },
  );

  it('tells what the object is before it reads it', async () => {
    const { store } = await storeWith(BODY);
    const { info } = await open(store);
    expect(info).toMatchObject({ key: KEY, bytes: LENGTH, metadata: { isfull: 'true' } });
    expect(store.count('get')).toBe(0);
  });

  it('says that there is no such object', async () => {
    await expect(open(createMemoryStore())).rejects.toMatchObject({
      code: 'NO_SUCH_KEY',
      message: `${KEY}: there is no such object in s3://memory`,
    });
  });

  it.each([
    [{ maxMemory: Number.NaN }, 'The memory for buffers must be a number of bytes, not NaN'],
    [{ concurrency: 'abc' }, 'At least one part must be in flight, not abc'],
    [{ key: undefined }, 'A download needs a `key`: a text, not undefined'],
    [{ store: {} }, 'must be what `openStore` resolves to, not an object'],
  ])('refuses %j before it asks for anything', async (options, message) => {
    const { store } = await storeWith(BODY);
    await expect(open(store, options as never)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(message),
    });
    expect(store.count('head')).toBe(0);
  });

  it('reports bytes and retries', async () => {
    const { store } = await storeWith(BODY, { get: failing(2) });
    const seen: object[] = [];
    await collect((await open(store, { onProgress: (progress) => seen.push(progress) })).chunks);
    expect(seen.at(-1)).toEqual({ storedBytes: LENGTH, partsInFlight: 0, retries: 2 });
  });
});

describe('a download whose connection breaks', () => {
  it.each([
    ['with an error', noAnswer()],
    ['with an error that is not ours', new Error('aborted')],
    ['without an error', undefined],
  ])('%s goes on at the byte reached', async (_, error) => {
    const firsts: number[] = [];
    const inner = createMemoryStore();
    await inner.put(KEY, BODY);
    const store: ObjectStore = {
      ...inner,
      async get(key, call) {
        firsts.push(call?.range?.first ?? 0);
        expect(call?.ifMatch).toBe((await inner.head(key))?.etag);
        const answer = await inner.get(key, call);
        return firsts.length < 5 ? { ...answer, chunks: cut(answer.chunks, 7_001, error) } : answer;
      },
    };
    expect((await collect((await open(store)).chunks)).equals(BODY)).toBe(true);
    expect(firsts).toEqual([0, 7_001, 14_002, 21_003, 28_004]);
  });

  it('goes on however often it breaks, as long as bytes come', async () => {
    const { store } = await storeWith(BODY, { get: body((chunks) => cut(chunks, 500, noAnswer())) });
    const { chunks } = await open(store, { maxRetries: 1 });
    expect((await collect(chunks)).equals(BODY)).toBe(true);
    expect(store.count('get')).toBe(Math.ceil(LENGTH / 500));
  });

  it.each([noAnswer(), denied()])('does not mind what happens behind the last byte: %s', async (error) => {
    const { store } = await storeWith(BODY, { get: body((chunks) => cut(chunks, LENGTH, error)) });
    expect((await collect((await open(store)).chunks)).equals(BODY)).toBe(true);
    expect(store.count('get')).toBe(1);
  });

  it('gives up when no byte more comes', async () => {
    const { store } = await storeWith(BODY, { get: failing(99, noAnswer) });
    const { chunks } = await open(store, { maxRetries: 3 });
    await expect(collect(chunks)).rejects.toThrow('(tried 4 times)');
    expect(store.count('get')).toBe(4);
  });

  it('does not try again what was denied', async () => {
    const { store } = await storeWith(BODY, { get: failing(99, denied) });
    await expect(collect((await open(store)).chunks)).rejects.toMatchObject({ code: 'STORE_DENIED' });
    expect(store.count('get')).toBe(1);
  });
});

describe('what is not the object', () => {
  it('a body that always ends early is never taken for all of it', async () => {
    const short: Fault = body((chunks, { n }) => cut(chunks, n === 1 ? LENGTH - 1 : 0));
    const { store } = await storeWith(BODY, { get: short });
    const { error, received } = await receive((await open(store, { maxRetries: 2 })).chunks);
    expect(error).toMatchObject({
      code: 'MISMATCH',
      message: expect.stringContaining(`${LENGTH - 1} of ${LENGTH}`),
    });
    expect(received.byteLength).toBeLessThan(LENGTH);
  });

  it.each([0, 5_000, LENGTH - 1])(
    'a flipped bit in byte %d is noticed before the last bytes are handed on',
    async (at) => {
      const { store } = await storeWith(BODY, { get: body((chunks) => flip(chunks, at)) });
      const { error, received } = await receive((await open(store)).chunks);
      expect(error).toMatchObject({ code: 'MISMATCH', message: expect.stringContaining('md5') });
      expect(received.byteLength).toBeLessThan(LENGTH);
    },
  );

  it('an object with a digest that is none is not mistrusted', async () => {
    const store = createMemoryStore({ encrypted: true });
    await store.put(KEY, BODY);
    expect((await collect((await open(store)).chunks)).equals(BODY)).toBe(true);
  });

  it('more bytes than the object has are refused', async () => {
    const { store } = await storeWith(BODY, {
      get: body(async function* (chunks) {
        yield* chunks;
        yield Buffer.from('more');
      }),
    });
    const { error, received } = await receive((await open(store)).chunks);
    expect(error).toMatchObject({ code: 'MISMATCH', message: expect.stringContaining('more than') });
    expect(received.byteLength).toBeLessThan(LENGTH);
  });

  it('an object that was replaced meanwhile is refused', async () => {
    const { inner, store } = await storeWith(BODY, {
      get: async (call, proceed) => {
        if (call.n === 2) await inner.put(KEY, bytesOf(LENGTH, 2));
        const answer = await proceed();
        return call.n === 1 ? { ...answer, chunks: cut(answer.chunks, 3_000, noAnswer()) } : answer;
      },
    });
    const { error, received } = await receive((await open(store)).chunks);
    expect(error).toMatchObject({ code: 'MISMATCH', message: expect.stringContaining('replaced') });
    expect(received.equals(BODY.subarray(0, received.byteLength))).toBe(true);
    expect(received.byteLength).toBeLessThan(LENGTH);
  });

  it('a store that ignores the range is refused', async () => {
    const { inner, store } = await storeWith(BODY, {
      get: async ({ n }) => {
        const answer = await inner.get(KEY);
        return n === 1 ? { ...answer, chunks: cut(answer.chunks, 3_000) } : answer;
      },
    });
    const { error } = await receive((await open(store)).chunks);
    expect(error).toMatchObject({ code: 'MISMATCH' });
  });

  it.each([Number.NaN, undefined])(
    'a HEAD that tells %s for a size is never an empty object',
    async (bytes) => {
      const head = answering((info) => ({ ...info, bytes: bytes as number }));
      const { store } = await storeWith(BODY, { head });
      expect((await receive((await open(store)).chunks)).error).toMatchObject({ code: 'MISMATCH' });
    },
  );

  it('a HEAD that tells another size than GET is refused', async () => {
    const head = answering((info) => ({ ...info, bytes: info.bytes - 1 }));
    const { store } = await storeWith(BODY, { head });
    expect(await receive((await open(store)).chunks)).toMatchObject({
      error: { code: 'MISMATCH' },
      received: Buffer.alloc(0),
    });
  });
});

describe('a download that ends early', () => {
  it.each([
    ['the answer', hanging],
    [
      'the next byte',
      body(async function* (chunks) {
        yield* cut(chunks, 3_000);
        await new Promise(() => {});
      }),
    ],
  ])('because it is interrupted while it waits for %s rejects with the reason', async (_, get) => {
    const { store } = await storeWith(BODY, { get });
    const abort = new AbortController();
    const reason = new Error('SIGTERM');
    const { chunks } = await open(store, { signal: abort.signal });
    setTimeout(() => abort.abort(reason), 20);
    expect((await receive(chunks)).error).toBe(reason);
  });

  it('because nobody wants more of it closes the connection', async () => {
    let closed = false;
    const { store } = await storeWith(BODY, {
      get: body(async function* (chunks) {
        try {
          yield* chunks;
        } finally {
          closed = true;
        }
      }),
    });
    for await (const chunk of (await open(store)).chunks) {
      expect(chunk.byteLength).toBeGreaterThan(0);
      break;
    }
    expect(closed).toBe(true);
  });
});
