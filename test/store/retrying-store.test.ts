import { describe, expect, it } from 'vitest';
import { StoreError } from '../../src/errors.ts';
import type { ObjectStore, ObjectSummary, Upload } from '../../src/store/object-store.ts';
import { type Retry, retrying } from '../../src/store/retrying-store.ts';
import { keysOf } from './read-back.ts';
import { failureOf } from './store-failure.ts';

/** Tries five times without waiting. */
const retry: Retry = async (_, attempt) => {
  for (let n = 1; ; n += 1) {
    try {
      return await attempt(n);
    } catch (error) {
      if (!(error instanceof StoreError) || !error.retryable || n === 5) throw error;
    }
  }
};

const failure = (code: 'STORE_FAILED' | 'STORE_UNREACHABLE' | 'STORE_DENIED', retryable = true) =>
  new StoreError(code, 'failed', { operation: 'any', retryable }, { advice: 'wait' });

/** Throws the errors in turn, then gives the result. */
function flaky<T>(errors: StoreError[], result: T) {
  const calls: unknown[][] = [];
  const method = async (...args: unknown[]): Promise<T> => {
    calls.push(args);
    const error = errors.shift();
    if (error !== undefined) throw error;
    return result;
  };
  return { calls, method };
}

function storeWith(methods: Partial<ObjectStore>): ObjectStore {
  return { url: 'test://', prefix: 'p/', ...methods } as ObjectStore;
}

const twice = () => [failure('STORE_FAILED'), failure('STORE_FAILED')];

describe('a retrying store', () => {
  it.each(['head', 'get', 'put', 'remove', 'openUploads'] as const)('repeats %s', async (name) => {
    const { calls, method } = flaky(twice(), []);
    const store = retrying(storeWith({ [name]: method }), retry);
    const body = Buffer.from('x');
    const options = { signal: new AbortController().signal };
    await (name === 'put' ? store.put('k', body, options) : store[name]('k', options));
    expect(calls).toEqual([1, 2, 3].map(() => (name === 'put' ? ['k', body, options] : ['k', options])));
  });

  it('gives up on what is not to be repeated', async () => {
    const { calls, method } = flaky([failure('STORE_DENIED', false)], undefined);
    const store = retrying(storeWith({ head: method }), retry);
    expect(await failureOf(store.head('k'))).toMatchObject({ code: 'STORE_DENIED' });
    expect(calls).toHaveLength(1);
  });

  it('repeats what an upload does, but never complete', async () => {
    const put = flaky(twice(), { partNumber: 1, etag: 'e', bytes: 1 });
    const [list, abort] = [flaky(twice(), []), flaky(twice(), undefined)];
    const complete = flaky([failure('STORE_FAILED')], { etag: 'e' });
    const upload = {
      key: 'k',
      uploadId: 'u',
      putPart: put.method,
      listParts: list.method,
      abort: abort.method,
      complete: complete.method,
    } as Upload;
    const start = flaky(twice(), upload);
    const wrapped = await retrying(storeWith({ startUpload: start.method }), retry).startUpload('k');
    await wrapped.putPart(1, Buffer.from('x'));
    await wrapped.listParts();
    await wrapped.abort();
    await failureOf(wrapped.complete([]));
    expect([start, put, list, abort, complete].map(({ calls }) => calls.length)).toEqual([3, 3, 3, 3, 1]);
  });

  it('goes on with a listing after the last key that came', async () => {
    const keys = ['a', 'b', 'c', 'd'];
    const starts: Array<string | undefined> = [];
    async function* list(_: string, options: { startAfter?: string } = {}): AsyncGenerator<ObjectSummary> {
      starts.push(options.startAfter);
      for (const key of keys.filter((other) => other > (options.startAfter ?? ''))) {
        if (starts.length === 1 && key === 'a') throw failure('STORE_FAILED');
        if (starts.length === 2 && key === 'c') throw failure('STORE_FAILED');
        yield { key } as ObjectSummary;
      }
    }
    const store = retrying(storeWith({ list }), retry);
    expect(await keysOf(store, '')).toEqual(keys);
    expect(starts).toEqual([undefined, undefined, 'b']);
  });

  it('ends the listing below when its reader stops', async () => {
    let ended = false;
    async function* list(): AsyncGenerator<ObjectSummary> {
      try {
        for (;;) yield { key: 'a' } as ObjectSummary;
      } finally {
        ended = true;
      }
    }
    for await (const _ of retrying(storeWith({ list }), retry).list('')) break;
    expect(ended).toBe(true);
  });

  it('is impatient with a store that never answered, patient with one that did', async () => {
    const down = Array.from({ length: 10 }, () => failure('STORE_UNREACHABLE'));
    const { calls, method } = flaky(down, undefined);
    const store = retrying(storeWith({ head: method, remove: async () => {} }), retry);
    expect(await failureOf(store.head('k'))).toMatchObject({ code: 'STORE_UNREACHABLE', advice: 'wait' });
    expect(calls).toHaveLength(3);
    await store.remove('k');
    await failureOf(store.head('k'));
    expect(calls).toHaveLength(8);
  });
});
