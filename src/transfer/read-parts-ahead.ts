import { setMaxListeners } from 'node:events';
import { createBufferPool } from '../stream/buffer-pool.ts';
import type { DownloadPlan } from './plan-download.ts';
import { type RangeReading, readRange } from './read-range.ts';

export interface ReadPart {
  /** Changes when it is released. */
  readonly bytes: Buffer;
  readonly last: boolean;
  release(): void;
}

export interface ReadingAhead extends Omit<RangeReading, 'signal'> {
  readonly plan: DownloadPlan;
  readonly signal: AbortSignal;
  /** Told when a part is asked for, and when it is there. */
  readonly onParts: (change: 1 | -1) => void;
}

/**
 * The object's parts in their order, while those behind are on their way. The first that fails ends all. When this
 * has ended nothing is under way any more.
 */
export async function* readPartsAhead(reading: ReadingAhead): AsyncGenerator<ReadPart, void> {
  const { plan, info, signal } = reading;
  const stop = new AbortController();
  // Each part listens, and Node takes more than ten for a leak.
  setMaxListeners(0, stop.signal);
  const onAbort = () => stop.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const pool = createBufferPool(plan.memoryBytes);
  const started: Array<Promise<ReadPart>> = [];
  let next = 0;

  const read = async (number: number): Promise<ReadPart> => {
    const first = number * plan.partBytes;
    const length = Math.min(plan.partBytes, info.bytes - first);
    const bytes = await pool.acquire(length, stop.signal);
    reading.onParts(1);
    try {
      await readRange({ ...reading, signal: stop.signal }, bytes, first);
    } finally {
      reading.onParts(-1);
    }
    return { bytes, last: number === plan.parts - 1, release: () => pool.release(bytes) };
  };
  const startMore = () => {
    // One more than are in flight: the memory decides, in the order of the parts.
    for (; next < plan.parts && started.length <= plan.concurrency; next += 1) {
      const part = read(next);
      // It is met when its turn comes; until then it stops the others.
      part.catch((error: unknown) => stop.abort(error));
      started.push(part);
    }
  };

  try {
    signal.throwIfAborted();
    startMore();
    for (let part = started.shift(); part; part = started.shift()) {
      const ready = await part;
      startMore();
      yield ready;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    stop.abort(new Error('nobody wants more of it'));
    await Promise.allSettled(started);
  }
}
