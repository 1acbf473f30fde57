import { StoreError } from '../errors.ts';
import type {
  CallOptions,
  GetIntoOptions,
  ObjectStore,
  ObjectSummary,
  OpenUpload,
  ThawOptions,
  Upload,
  Versions,
} from './object-store.ts';

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
  const once = givingUpSoon(store);
  return {
    ...through(once, retry),
    once,
    async *list(prefix, call = {}) {
      let after = call.startAfter;
      let page: AsyncIterator<ObjectSummary> | undefined;
      const next = async () => {
        page ??= once
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
          const result = await retry('list', next, call);
          if (result.done) return;
          after = result.value.key;
          yield result.value;
        }
      } finally {
        await page?.return?.();
      }
    },
  };
}

/** One attempt for each call, of which the last before there was any answer is for good. */
function givingUpSoon(store: ObjectStore): ObjectStore {
  let answered = false;
  let silences = 0;

  async function note<T>(request: () => Promise<T>): Promise<T> {
    try {
      const result = await request();
      answered = true;
      return result;
    } catch (error) {
      if (answered || !isUnreachable(error)) throw error;
      silences += 1;
      throw silences < ATTEMPTS_BEFORE_FIRST_ANSWER ? error : forGood(error);
    }
  }

  return {
    ...through(store, (_operation, request) => note(() => request(1))),
    async *list(prefix, call) {
      const summaries = store.list(prefix, call)[Symbol.asyncIterator]();
      try {
        for (;;) {
          const result = await note(() => summaries.next());
          if (result.done) return;
          yield result.value;
        }
      } finally {
        await summaries.return?.();
      }
    },
  };
}

/** Sends every call but `list` and `complete` through `run`. */
function through(store: ObjectStore, run: Retry): ObjectStore {
  const { getInto, thaw, versions } = store;
  const wrap = <U extends Upload>(upload: U): U => ({
    ...upload,
    putPart: (number, body, call) => run('putPart', () => upload.putPart(number, body, call), call),
    listParts: (call) => run('listParts', () => upload.listParts(call), call),
    abort: (call) => run('abort', () => upload.abort(call), call),
  });
  return {
    ...store,
    head: (key, call) => run('head', () => store.head(key, call), call),
    get: (key, call) => run('get', () => store.get(key, call), call),
    ...(getInto && {
      getInto: (key: string, into: Uint8Array, call: GetIntoOptions) =>
        run('get', () => getInto(key, into, call), call),
    }),
    put: (key, body, call) => run('put', () => store.put(key, body, call), call),
    ...(store.settle && {
      settle: (key: string, call?: CallOptions) => run('settle', async () => store.settle?.(key, call), call),
    }),
    ...(thaw && {
      thaw: (key: string, call: ThawOptions) => run('thaw', () => thaw(key, call), call),
    }),
    remove: (key, call) => run('remove', () => store.remove(key, call), call),
    startUpload: async (key, call) =>
      wrap(await run('startUpload', () => store.startUpload(key, call), call)),
    openUploads: async (prefix, call): Promise<OpenUpload[]> =>
      (await run('openUploads', () => store.openUploads(prefix, call), call)).map(wrap),
    ...(versions && { versions: versionsThrough(versions, run) }),
  };
}

function versionsThrough(versions: Versions, run: Retry): Versions {
  return {
    readState: (call) => run('readVersioning', () => versions.readState(call), call),
    listDeleted: (prefix, call) => run('listDeleted', () => versions.listDeleted(prefix, call), call),
    headDeleted: (object, call) => run('head', () => versions.headDeleted(object, call), call),
    undelete: (key, call) => run('undelete', () => versions.undelete(key, call), call),
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
