import { StoreError } from '../errors.ts';
import type { ObjectStore, ObjectSummary, OpenUpload, Upload } from './object-store.ts';

/** Runs an attempt again while it fails with a `StoreError` that is `retryable`; see `transfer/retry.ts`. */
export type Retry = <T>(
  operation: string,
  attempt: (n: number) => Promise<T>,
  options?: { readonly signal?: AbortSignal | undefined },
) => Promise<T>;

/** A store that has never answered is more likely misspelt than down: nobody should wait a minute to learn it. */
const ATTEMPTS_BEFORE_FIRST_ANSWER = 3;

/**
 * Retries every method that may be repeated. `complete` is not among them: after a failure that is `retryable`
 * its outcome is unknown, and only the caller can look. A body's chunks are the reader's to resume.
 */
export function retrying(store: ObjectStore, retry: Retry): ObjectStore {
  let answered = false;

  function run<T>(
    operation: string,
    request: () => Promise<T>,
    call?: { readonly signal?: AbortSignal },
  ): Promise<T> {
    return retry(
      operation,
      async (n) => {
        try {
          const result = await request();
          answered = true;
          return result;
        } catch (error) {
          if (!answered && n >= ATTEMPTS_BEFORE_FIRST_ANSWER && isUnreachable(error)) throw forGood(error);
          throw error;
        }
      },
      call,
    );
  }

  const wrap = <U extends Upload>(upload: U): U => ({
    ...upload,
    putPart: (number, body, call) => run('putPart', () => upload.putPart(number, body, call), call),
    listParts: (call) => run('listParts', () => upload.listParts(call), call),
    abort: (call) => run('abort', () => upload.abort(call), call),
  });

  return {
    ...store,
    async *list(prefix, call = {}) {
      let after = call.startAfter;
      let page: AsyncIterator<ObjectSummary> | undefined;
      const next = async () => {
        page ??= store
          .list(prefix, { ...call, ...(after === undefined ? {} : { startAfter: after }) })
          [Symbol.asyncIterator]();
        try {
          return await page.next();
        } catch (error) {
          page = undefined;
          throw error;
        }
      };
      try {
        for (;;) {
          const result = await run('list', next, call);
          if (result.done) return;
          after = result.value.key;
          yield result.value;
        }
      } finally {
        await page?.return?.();
      }
    },
    head: (key, call) => run('head', () => store.head(key, call), call),
    get: (key, call) => run('get', () => store.get(key, call), call),
    put: (key, body, call) => run('put', () => store.put(key, body, call), call),
    remove: (key, call) => run('remove', () => store.remove(key, call), call),
    startUpload: async (key, call) =>
      wrap(await run('startUpload', () => store.startUpload(key, call), call)),
    openUploads: async (prefix, call): Promise<OpenUpload[]> =>
      (await run('openUploads', () => store.openUploads(prefix, call), call)).map(wrap),
  };
}

function isUnreachable(error: unknown): error is StoreError {
  return error instanceof StoreError && error.code === 'STORE_UNREACHABLE';
}

function forGood(error: StoreError): StoreError {
  const { advice, message } = error;
  return new StoreError(
    error.code,
    message,
    { ...error, retryable: false },
    { cause: error.cause, ...(advice === undefined ? {} : { advice }) },
  );
}
