import { StoreError } from '../../src/errors.ts';
import type { ObjectBody, ObjectStore, Upload } from '../../src/store/object-store.ts';
import type { StoreLimits } from '../../src/store/store-limits.ts';

export type Operation =
  | 'head'
  | 'get'
  | 'put'
  | 'remove'
  | 'startUpload'
  | 'openUploads'
  | 'putPart'
  | 'listParts'
  | 'complete'
  | 'abort';

export interface Call {
  readonly operation: Operation;
  readonly partNumber?: number | undefined;
  /** Which call of this operation (of this part) it is, from 1. */
  readonly n: number;
  readonly signal?: AbortSignal | undefined;
}

// biome-ignore lint/suspicious/noExplicitAny: a fault stands in for methods of every type
export type Fault = (call: Call, proceed: () => Promise<any>) => Promise<any>;

export interface FaultStore extends ObjectStore {
  /** All calls so far, in order. */
  readonly calls: readonly Call[];
  count(operation: Operation): number;
}

export interface FaultOptions {
  readonly faults?: Partial<Record<Operation, Fault>>;
  readonly limits?: StoreLimits;
}

/** A store that fails by script; what is not in the script goes through to `inner`. */
export function createFaultStore(inner: ObjectStore, { faults = {}, limits }: FaultOptions = {}): FaultStore {
  const calls: Call[] = [];
  const count = (operation: Operation, partNumber?: number) =>
    calls.filter((call) => call.operation === operation && call.partNumber === partNumber).length;

  function through<T>(
    operation: Operation,
    proceed: () => Promise<T>,
    { signal, partNumber }: { signal?: AbortSignal | undefined; partNumber?: number } = {},
  ): Promise<T> {
    const call = { operation, partNumber, n: count(operation, partNumber) + 1, signal };
    calls.push(call);
    const fault = faults[operation];
    return fault ? fault(call, proceed) : proceed();
  }

  const wrap = (upload: Upload): Upload => ({
    key: upload.key,
    uploadId: upload.uploadId,
    putPart: (partNumber, body, call) =>
      through('putPart', () => upload.putPart(partNumber, body, call), { ...call, partNumber }),
    listParts: (call) => through('listParts', () => upload.listParts(call), call),
    complete: (parts, call) => through('complete', () => upload.complete(parts, call), call),
    abort: (call) => through('abort', () => upload.abort(call), call),
  });

  return {
    url: inner.url,
    arguments: inner.arguments,
    prefix: inner.prefix,
    limits: limits ?? inner.limits,
    ...(inner.canPutIfAbsent === undefined ? {} : { canPutIfAbsent: inner.canPutIfAbsent }),
    calls,
    count: (operation) => calls.filter((call) => call.operation === operation).length,
    list: (prefix, call) => inner.list(prefix, call),
    head: (key, call) => through('head', () => inner.head(key, call), call),
    get: (key, call) => through('get', () => inner.get(key, call), call),
    put: (key, body, call) => through('put', () => inner.put(key, body, call), call),
    remove: (key, call) => through('remove', () => inner.remove(key, call), call),
    startUpload: (key, call) =>
      through('startUpload', async () => wrap(await inner.startUpload(key, call)), call),
    async openUploads(prefix, call) {
      const open = await through('openUploads', () => inner.openUploads(prefix, call), call);
      return open.map((upload) => ({ ...wrap(upload), startedAt: upload.startedAt }));
    },
    close: () => inner.close(),
  };
}

/** What a store answers when it is overloaded: it said no, and may say yes later. */
export function slowDown(retryAfterMs?: number): StoreError {
  return new StoreError('STORE_FAILED', 'SlowDown: please reduce your request rate', {
    operation: 'any',
    status: 503,
    storeCode: 'SlowDown',
    retryable: true,
    settled: true,
    retryAfterMs,
  });
}

/** The connection went away: nobody knows what became of the request. */
export function noAnswer(): StoreError {
  return new StoreError('STORE_UNREACHABLE', 'socket hang up', { operation: 'any', retryable: true });
}

export function denied(): StoreError {
  return new StoreError('STORE_DENIED', 'AccessDenied', {
    operation: 'any',
    status: 403,
    storeCode: 'AccessDenied',
    retryable: false,
    settled: true,
  });
}

/** Fails the first `times` calls (of each part) before they take effect. */
export function failing(times: number, error: () => Error = slowDown): Fault {
  return (call, proceed) => (call.n <= times ? Promise.reject(error()) : proceed());
}

/** Takes effect, but the answer of the first `times` calls is lost. */
export function answerLost(times = 1, error: () => Error = noAnswer): Fault {
  return async (call, proceed) => {
    const answer = await proceed();
    if (call.n <= times) throw error();
    return answer;
  };
}

/** Changes the answer. */
// biome-ignore lint/suspicious/noExplicitAny: answers of every method
export function answering(change: (answer: any, call: Call) => unknown): Fault {
  return async (call, proceed) => change(await proceed(), call);
}

/** Never answers; ends when it is aborted. */
export const hanging: Fault = ({ signal }) =>
  new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener('abort', () => reject(signal.reason));
  });

/** Only the faulty part is faulty. */
export function onPart(partNumber: number, fault: Fault): Fault {
  return (call, proceed) => (call.partNumber === partNumber ? fault(call, proceed) : proceed());
}

type BodyChange = (chunks: AsyncIterable<Uint8Array>, call: Call) => AsyncIterable<Uint8Array>;

/** Changes what comes of the body of a GET. */
export function body(change: BodyChange): Fault {
  return answering((answer: ObjectBody, call) => ({ ...answer, chunks: change(answer.chunks, call) }));
}

/** Ends the body after `bytes`, with `error` or as if all were well. */
export async function* cut(chunks: AsyncIterable<Uint8Array>, bytes: number, error?: Error) {
  let left = bytes;
  for await (const chunk of chunks) {
    const piece = chunk.subarray(0, left);
    left -= piece.byteLength;
    if (piece.byteLength > 0) yield piece;
    if (left === 0) break;
  }
  if (error) throw error;
}

export async function* flip(chunks: AsyncIterable<Uint8Array>, at: number) {
  let offset = 0;
  for await (const chunk of chunks) {
    const copy = Buffer.from(chunk);
    const index = at - offset;
    if (index >= 0 && index < copy.byteLength) copy.writeUInt8(copy.readUInt8(index) ^ 1, index);
    offset += copy.byteLength;
    yield copy;
  }
}
