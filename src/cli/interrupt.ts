import { constants } from 'node:os';
import type { CommandIo } from './io.ts';

/** The reason of the abort when the process was told to end. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
  readonly signal: InterruptSignal;

  constructor(signal: InterruptSignal) {
    super(`interrupted by ${signal}`);
    this.signal = signal;
  }
}

// Not SIGHUP: catching it would undo what `nohup` sets.
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
export type InterruptSignal = (typeof SIGNALS)[number];

/** 130 and 143, as a shell reports them. */
export function exitStatusOfSignal(signal: InterruptSignal): number {
  return 128 + constants.signals[signal];
}

/**
 * Runs work with a signal that aborts at the first SIGINT or SIGTERM. After that nobody listens any more, so that a
 * second Ctrl-C ends the process at once.
 */
export async function withInterrupt<Result>(
  signals: CommandIo['signals'],
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const listeners = SIGNALS.map((name) => {
    const listener = () => {
      controller.abort(new InterruptedError(name));
      // Not yet: whoever starts children listens too, and ends the process where nobody else listens.
      setImmediate(() => signals.off(name, listener));
    };
    signals.on(name, listener);
    return { name, listener };
  });
  try {
    return await work(controller.signal);
  } finally {
    for (const { name, listener } of listeners) signals.off(name, listener);
  }
}
