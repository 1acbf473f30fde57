import { setTimeout as wait } from 'node:timers/promises';
import { StoreError } from '../errors.ts';
import { type Logger, silentLogger } from '../logger.ts';

const BASE_MS = 250;
const CAP_MS = 30_000;

/** A store that asks for more patience than this gets this much. */
const LONGEST_RETRY_AFTER_MS = 300_000;

export interface DelayOptions {
  readonly baseMs: number;
  readonly capMs: number;
  /** 0 ≤ random() < 1. */
  readonly random: () => number;
  /** What the store asked for; the delay is never shorter. */
  readonly retryAfterMs?: number | undefined;
}

/** Milliseconds to wait after failed attempt number `attempt` (from 1): full jitter below a doubling ceiling. */
export function retryDelayMs(attempt: number, options: DelayOptions): number {
  const ceiling = Math.min(options.capMs, options.baseMs * 2 ** (attempt - 1));
  const asked = Math.min(options.retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS);
  return Math.max(Math.round(options.random() * ceiling), asked);
}

export interface RetryCallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Runs `attempt` (called with 1, 2, …) until it succeeds, fails for good, or the attempts are used up. */
export type Retry = <T>(
  operation: string,
  attempt: (n: number) => Promise<T>,
  options?: RetryCallOptions,
) => Promise<T>;

/** Waits before the next attempt, or throws `error` when there shall be none. `failures` counts from 1. */
export type Backoff = (
  operation: string,
  error: unknown,
  failures: number,
  options?: RetryCallOptions,
) => Promise<void>;

export type Sleep = (ms: number, options: RetryCallOptions) => Promise<void>;

export interface RetryOptions {
  /** How often it is tried altogether; 10 if not given. */
  readonly attempts?: number | undefined;
  readonly logger?: Logger | undefined;
  readonly random?: (() => number) | undefined;
  /** Rejects with the signal's reason when aborted. */
  readonly sleep?: Sleep | undefined;
  readonly onRetry?: ((operation: string, error: StoreError, failures: number) => void) | undefined;
}

/**
 * Only a `StoreError` with `retryable` is tried again. The last one comes out with its code and fields, and with
 * the number of attempts in its message; a retry around this one does not try it again.
 */
export function createBackoff(options: RetryOptions = {}): Backoff {
  const { attempts = 10, logger = silentLogger, random = Math.random, sleep = sleepFor, onRetry } = options;
  return async (operation, error, failures, { signal } = {}) => {
    signal?.throwIfAborted();
    if (!isRetryable(error)) throw error;
    if (failures >= attempts) throw usedUp(error, failures);
    const { retryAfterMs } = error;
    const delayMs = retryDelayMs(failures, { baseMs: BASE_MS, capMs: CAP_MS, random, retryAfterMs });
    onRetry?.(operation, error, failures);
    const { key, partNumber, status, storeCode, errno, message } = error;
    logger.debug(
      { operation, key, partNumber, status, storeCode, errno, failures, attempts, delayMs, error: message },
      `${operation} failed, trying again`,
    );
    await sleep(delayMs, { signal });
  };
}

export function createRetry(options: RetryOptions | Backoff = {}): Retry {
  const backoff = typeof options === 'function' ? options : createBackoff(options);
  return async (operation, attempt, call = {}) => {
    for (let n = 1; ; n += 1) {
      call.signal?.throwIfAborted();
      try {
        return await attempt(n);
      } catch (error) {
        await backoff(operation, error, n, call);
      }
    }
  };
}

/** Errors whose attempts are used up: retrying around a retry would multiply the waiting. */
const given = new WeakSet<StoreError>();

export function isRetryable(error: unknown): error is StoreError {
  return error instanceof StoreError && error.retryable && !given.has(error);
}

function usedUp(error: StoreError, attempts: number): StoreError {
  if (attempts <= 1) return error;
  const { advice } = error;
  const last = new StoreError(error.code, `${error.message} (tried ${attempts} times)`, error, {
    cause: error,
    ...(advice !== undefined && { advice }),
  });
  given.add(last);
  return last;
}

/** Waits; rejects with the signal's reason when aborted. */
export async function sleepFor(ms: number, { signal }: RetryCallOptions): Promise<void> {
  try {
    await wait(ms, undefined, signal ? { signal } : {});
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
