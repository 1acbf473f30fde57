import { createHash } from 'node:crypto';
import { StoreError, Zfs3BackupError } from '../errors.ts';
import { type Logger, silentLogger } from '../logger.ts';
import type { ObjectInfo, ObjectStore } from '../store/object-store.ts';
import { contradict } from './etag.ts';
import { interruptible } from './interruptible.ts';
import { type Backoff, createBackoff, createRetry, type Sleep } from './retry.ts';

const DEFAULT_RETRIES = 10;

export interface DownloadProgress {
  readonly storedBytes: number;
  readonly partsInFlight: number;
  readonly retries: number;
}

export interface DownloadOptions {
  readonly store: ObjectStore;
  /** Whole key; no prefix is put before it. */
  readonly key: string;
  /** How often a request is tried again without a byte more, 10 if not given. */
  readonly maxRetries?: number | undefined;
  /** Stops it: `chunks` throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  readonly logger?: Logger | undefined;
  /** Called for each chunk and each retry. */
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
  /** How to wait between attempts; for tests. */
  readonly sleep?: Sleep | undefined;
}

export interface Download {
  readonly info: ObjectInfo;
  /**
   * The object's bytes, in order, once; nothing is requested before the first is asked for. A broken connection
   * is resumed at the byte reached. Ends only when all of the object came and its digest, where the store tells
   * one, was right; the last bytes are held back until that is known. Throws MISMATCH otherwise, also when the
   * object was replaced meanwhile.
   */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Looks at an object and prepares to read it. Fails with NO_SUCH_KEY when there is none. */
export async function openDownload(options: DownloadOptions): Promise<Download> {
  const { key, logger = silentLogger, sleep, maxRetries = DEFAULT_RETRIES } = options;
  const store = options.store.once ?? options.store;
  const signal = options.signal ?? new AbortController().signal;
  const moved = { storedBytes: 0, partsInFlight: 0, retries: 0 };
  const report = () => options.onProgress?.({ ...moved });
  const onRetry = () => {
    moved.retries += 1;
    report();
  };
  const backoff = createBackoff({ attempts: maxRetries + 1, logger, sleep, onRetry });
  const info = await createRetry(backoff)('head', () => store.head(key, { signal }), { signal });
  if (!info) {
    throw new StoreError('NO_SUCH_KEY', `${key}: there is no such object in ${store.url}`, {
      operation: 'head',
      key,
      retryable: false,
    });
  }
  const onBytes = (bytes: number) => {
    moved.storedBytes += bytes;
    moved.partsInFlight = moved.storedBytes < info.bytes ? 1 : 0;
    report();
  };
  return { info, chunks: readChecked({ store, info, backoff, signal, onBytes }) };
}

/** The same in one step, for who needs only the bytes. */
export async function* download(options: DownloadOptions): AsyncGenerator<Uint8Array, void> {
  const { chunks } = await openDownload(options);
  yield* chunks;
}

interface Reading {
  readonly store: ObjectStore;
  readonly info: ObjectInfo;
  readonly backoff: Backoff;
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
}

async function* readChecked(reading: Reading): AsyncGenerator<Uint8Array, void> {
  const { info, onBytes } = reading;
  const hash = info.digest && createHash(info.digest.algorithm);
  let offset = 0;
  let heldBack: Uint8Array | undefined;
  for await (const chunk of readResuming(reading)) {
    offset += chunk.byteLength;
    if (offset > info.bytes) throw tooLong(info);
    hash?.update(chunk);
    onBytes(chunk.byteLength);
    if (offset < info.bytes) yield chunk;
    else heldBack = chunk;
  }
  const actual = hash?.digest('hex');
  if (info.digest && actual !== info.digest.hex) {
    throw new Zfs3BackupError(
      'MISMATCH',
      `${info.key}: the ${info.digest.algorithm} of what came is ${actual}, and the store tells ${info.digest.hex}`,
      { advice: 'Run it again; if it stays so, the object is damaged in the store.' },
    );
  }
  if (heldBack) yield heldBack;
}

/** All bytes, over as many requests as it takes. Only failures without a byte between them use up the attempts. */
async function* readResuming({ store, info, backoff, signal }: Reading): AsyncGenerator<Uint8Array, void> {
  let offset = 0;
  let failures = 0;
  while (offset < info.bytes) {
    try {
      for await (const chunk of requestFrom(store, info, offset, signal)) {
        offset += chunk.byteLength;
        if (chunk.byteLength > 0) failures = 0;
        yield chunk;
      }
      if (offset < info.bytes) throw tooShort(info, offset);
    } catch (error) {
      signal.throwIfAborted();
      if (offset >= info.bytes) return;
      failures += 1;
      await backoff('get', error, failures, { signal });
    }
  }
}

async function* requestFrom(
  store: ObjectStore,
  info: ObjectInfo,
  offset: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const body = await store.get(info.key, {
    signal,
    ...(offset > 0 && { range: { first: offset, last: info.bytes - 1 } }),
    ...(info.etag !== undefined && { ifMatch: info.etag }),
  });
  if (contradict(body.info.etag, info.etag) || body.bytes !== info.bytes - offset) {
    throw failure(info, `was replaced, or the store does not answer for the range asked for`, false);
  }
  try {
    yield* interruptible(body.chunks, { signal });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof StoreError) throw error;
    throw failure(info, `the connection broke: ${String(error)}`, true, error);
  }
}

function tooShort(info: ObjectInfo, offset: number): StoreError {
  return failure(info, `only ${offset} of ${info.bytes} bytes came`, true);
}

function tooLong(info: ObjectInfo): StoreError {
  return failure(info, `more than its ${info.bytes} bytes came`, false);
}

function failure(info: ObjectInfo, what: string, retryable: boolean, cause?: unknown): StoreError {
  const code = cause === undefined ? 'MISMATCH' : 'STORE_UNREACHABLE';
  return new StoreError(
    code,
    `${info.key}: ${what}`,
    { operation: 'get', key: info.key, retryable },
    { cause },
  );
}
