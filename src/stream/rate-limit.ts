import { setTimeout as wait } from 'node:timers/promises';

/** Lets so many bytes pass in a second, all who share it together. */
export interface RateLimit {
  readonly bytesPerSecond: number;
  /** Send or read no more at once, so that what shares the limit takes turns and nothing stands still for long. */
  readonly sliceBytes: number;
  /** Resolves when so many bytes may have passed. Rejects with the signal's reason when that aborts before. */
  take(bytes: number, signal?: AbortSignal): Promise<void>;
}

export interface RateLimitClock {
  /** In milliseconds, never going back. */
  now(): number;
  sleep(ms: number, signal: AbortSignal | undefined): Promise<void>;
}

/** What was not used may be made up for so much later, because timers are late. */
const SLACK_MS = 250;
/** Shorter waits are saved up: no timer is that exact. */
const SHORTEST_WAIT_MS = 5;
const SLICE_MS = 100;
const MIN_SLICE_BYTES = 1024;
const MAX_SLICE_BYTES = 1024 ** 2;

/** When the last of `bytes` has passed that are asked for at `now`, behind those that have passed by `freeAt`. */
export function passedAt(freeAt: number, now: number, bytes: number, bytesPerSecond: number): number {
  return Math.max(freeAt, now - SLACK_MS) + (bytes / bytesPerSecond) * 1000;
}

/** Each waits for those who came before, a slice at a time. */
export function createRateLimit(bytesPerSecond: number, clock: RateLimitClock = realClock): RateLimit {
  const perSlice = Math.round((bytesPerSecond * SLICE_MS) / 1000);
  const sliceBytes = Math.min(MAX_SLICE_BYTES, Math.max(MIN_SLICE_BYTES, perSlice));
  let freeAt = clock.now();
  return {
    bytesPerSecond,
    sliceBytes,
    async take(bytes, signal) {
      for (let left = bytes; left > 0; left -= sliceBytes) {
        signal?.throwIfAborted();
        const now = clock.now();
        freeAt = passedAt(freeAt, now, Math.min(left, sliceBytes), bytesPerSecond);
        if (freeAt - now >= SHORTEST_WAIT_MS) await clock.sleep(freeAt - now, signal);
      }
    },
  };
}

/** Hands chunks on at that rate. */
export async function* limitChunks(
  chunks: AsyncIterable<Uint8Array>,
  limit: RateLimit,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of chunks) {
    await limit.take(chunk.byteLength, signal);
    yield chunk;
  }
}

const realClock: RateLimitClock = {
  now: () => performance.now(),
  async sleep(ms, signal) {
    try {
      await wait(ms, undefined, signal ? { signal } : {});
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
};
