import { StoreError } from '../errors.ts';
import type { GetIntoOptions, ObjectInfo, ObjectStore } from '../store/object-store.ts';
import type { Backoff } from '../store/retry.ts';
import { contradict } from './etag.ts';
import { interruptible } from './interruptible.ts';
import type { Slots } from './slots.ts';

export interface RangeReading {
  readonly store: ObjectStore;
  /** What HEAD told: an object that is another one now is refused. */
  readonly info: ObjectInfo;
  readonly backoff: Backoff;
  readonly slots: Slots;
  readonly signal: AbortSignal;
  /** Told of all bytes that came, a few at a time. */
  readonly onBytes: (bytes: number) => void;
}

/**
 * Fills `into` with the object's bytes from `first` on, over as many requests as it takes: each goes on where the one
 * before broke off. Only failures without a byte between them use up the attempts.
 */
export async function readRange(reading: RangeReading, into: Uint8Array, first: number): Promise<void> {
  const { backoff, slots, signal } = reading;
  let filled = 0;
  let failures = 0;
  while (filled < into.byteLength) {
    const before = filled;
    const onBytes = (bytes: number) => {
      reading.onBytes(before + bytes - filled);
      filled = before + bytes;
    };
    const rest = into.subarray(filled);
    try {
      await slots.run(() => request(reading, rest, first + before, onBytes), signal);
      if (filled < into.byteLength) throw tooShort(reading.info, first + filled);
    } catch (error) {
      signal.throwIfAborted();
      // What happens behind the last byte changes nothing.
      if (filled === into.byteLength && !isMismatch(error)) return;
      failures = filled > before ? 1 : failures + 1;
      await backoff('get', error, failures, { signal });
    }
  }
}

async function request(
  { store, info, signal }: RangeReading,
  into: Uint8Array,
  first: number,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const call = { signal, ...(info.etag !== undefined && { ifMatch: info.etag }) };
  if (!store.getInto) return readStream(store, info, into, { ...call, first, onBytes });
  const answer = await store.getInto(info.key, into, { ...call, first, onBytes });
  checkSame(answer.info, info);
}

/** For a store that only gives streams. */
async function readStream(
  store: ObjectStore,
  info: ObjectInfo,
  into: Uint8Array,
  { first, onBytes, ...call }: GetIntoOptions & { readonly signal: AbortSignal },
): Promise<void> {
  const range = { first, last: first + into.byteLength - 1 };
  const body = await store.get(info.key, { ...call, range });
  checkSame(body.info, info);
  if (body.bytes !== into.byteLength) throw replaced(info);
  let filled = 0;
  try {
    for await (const chunk of interruptible(body.chunks, call)) {
      if (filled + chunk.byteLength > into.byteLength) throw tooLong(info, range.last + 1);
      into.set(chunk, filled);
      filled += chunk.byteLength;
      onBytes?.(filled);
    }
  } catch (error) {
    call.signal.throwIfAborted();
    if (error instanceof StoreError) throw error;
    throw failure(info, `the connection broke: ${String(error)}`, true, error);
  }
}

function checkSame(now: ObjectInfo, info: ObjectInfo): void {
  if (contradict(now.etag, info.etag) || now.bytes !== info.bytes) throw replaced(info);
}

function isMismatch(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'MISMATCH';
}

function replaced(info: ObjectInfo): StoreError {
  return failure(info, 'was replaced, or the store does not answer for the range asked for', false);
}

function tooShort(info: ObjectInfo, end: number): StoreError {
  return failure(info, `only ${end} of ${info.bytes} bytes came`, true);
}

function tooLong(info: ObjectInfo, end: number): StoreError {
  return failure(info, `more than the bytes up to ${end} came that were asked for`, false);
}

function failure(info: ObjectInfo, what: string, retryable: boolean, cause?: unknown): StoreError {
  const code = cause === undefined ? 'MISMATCH' : 'STORE_UNREACHABLE';
  const facts = { operation: 'get', key: info.key, retryable };
  return new StoreError(code, `${info.key}: ${what}`, facts, { cause });
}
