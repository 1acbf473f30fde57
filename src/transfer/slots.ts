import { StoreError } from '../errors.ts';
import { afterSlowDown, afterStored, type PartsInFlight, startPartsInFlight } from './parts-in-flight.ts';

export interface Slots {
  /**
   * Runs `work` when fewer than the present limit are running, in the order of the calls. Rejects with the signal's
   * reason when that aborts before its turn.
   */
  run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>;
}

/** Slots for `most` requests at once, fewer while the store asks to slow down; `onLimit` is told of each change. */
export function createSlots(most: number, onLimit?: (limit: number, before: number) => void): Slots {
  let flight = startPartsInFlight(most);
  let taken = 0;
  const waiting: Array<() => void> = [];

  const settle = (now: PartsInFlight) => {
    const { limit: before } = flight;
    flight = now;
    if (now.limit !== before) onLimit?.(now.limit, before);
  };

  const next = () => {
    while (taken < flight.limit) {
      const start = waiting.shift();
      if (!start) return;
      taken += 1;
      start();
    }
  };

  const turn = (signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const start = () => {
        signal.removeEventListener('abort', stop);
        resolve();
      };
      const stop = () => {
        waiting.splice(waiting.indexOf(start), 1);
        reject(signal.reason);
      };
      signal.addEventListener('abort', stop, { once: true });
      waiting.push(start);
      next();
    });

  return {
    run: async (work, signal) => {
      signal.throwIfAborted();
      await turn(signal);
      const { cuts } = flight;
      try {
        const result = await work();
        settle(afterStored(flight));
        return result;
      } catch (error) {
        if (asksToSlowDown(error)) settle(afterSlowDown(flight, cuts));
        throw error;
      } finally {
        taken -= 1;
        next();
      }
    },
  };
}

function asksToSlowDown(error: unknown): boolean {
  return error instanceof StoreError && (error.status === 503 || error.status === 429);
}
