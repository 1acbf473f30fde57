import { isBytes, notBytesError } from '../stream/is-bytes.ts';

/** How long an interrupted source may take to clean up (its processes, its files) before it is left alone. */
const CLEAN_UP_MS = 1_000;

export interface InterruptibleOptions {
  readonly signal: AbortSignal;
  readonly onBytes?: (bytes: number) => void;
}

/**
 * Passes `source` on until `signal` aborts, then throws the signal's reason at once, even while the source is
 * silent. Whoever stops early, the source is told (`return`).
 */
export async function* interruptible(
  source: AsyncIterable<Uint8Array>,
  { signal, onBytes }: InterruptibleOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  let interrupt: ((reason: unknown) => void) | undefined;
  const onAbort = () => interrupt?.(signal.reason);
  signal.addEventListener('abort', onAbort);
  let ended = false;
  // Not Promise.race: against one promise that stays pending for hours, each round would leak a reaction.
  const next = () =>
    new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
      interrupt = reject;
      iterator.next().then(resolve, (error) => {
        ended = true;
        reject(error ?? new Error(`The source threw ${error} instead of an Error`));
      });
    });
  try {
    for (;;) {
      signal.throwIfAborted();
      const step = await next();
      if (step.done) {
        ended = true;
        return;
      }
      if (!isBytes(step.value)) throw notBytesError(step.value);
      onBytes?.(step.value.byteLength);
      yield step.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    if (!ended) await endEarly(iterator);
  }
}

/** What goes wrong while a source ends early is a consequence of what ended it, and no news. */
async function endEarly(iterator: AsyncIterator<Uint8Array>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLEAN_UP_MS);
  });
  const ending = Promise.resolve()
    .then(() => iterator.return?.())
    .catch(() => undefined);
  await Promise.race([ending, patience]);
  clearTimeout(timer);
}
