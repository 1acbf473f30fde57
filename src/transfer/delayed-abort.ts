import { setMaxListeners } from 'node:events';

/**
 * A signal that follows `signal` only `graceMs` later: for a step that should not be cut off when it is nearly
 * done. `dispose` lets go of the timer.
 */
export function delayedAbort(
  signal: AbortSignal | undefined,
  graceMs: number,
): { readonly signal: AbortSignal; dispose(): void } {
  const later = new AbortController();
  // Each request in flight listens, and that is no leak.
  setMaxListeners(0, later.signal);
  let timer: NodeJS.Timeout | undefined;
  const start = () => {
    timer = setTimeout(() => later.abort(signal?.reason), graceMs);
  };
  if (signal?.aborted) start();
  else signal?.addEventListener('abort', start, { once: true });
  return {
    signal: later.signal,
    dispose() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', start);
    },
  };
}
