import { setMaxListeners } from 'node:events';

/**
 * Runs work with a signal that follows `signal` and is aborted when the work is over, well or not. What the work left
 * behind waiting for something silent (a program, a connection) ends then; a generator cannot be ended otherwise.
 */
export async function untilDone<Result>(
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  signal?.throwIfAborted();
  const over = new AbortController();
  // Each request in flight listens, and that is no leak.
  setMaxListeners(0, over.signal);
  const follow = () => over.abort(signal?.reason);
  signal?.addEventListener('abort', follow, { once: true });
  try {
    return await work(over.signal);
  } finally {
    signal?.removeEventListener('abort', follow);
    over.abort();
  }
}
