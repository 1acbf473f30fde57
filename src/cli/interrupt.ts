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

// `nohup` is not undone by it: Node has done that already as it started (docs/decisions.md).
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
export type InterruptSignal = (typeof SIGNALS)[number];

/** 130, 143 and 129, as a shell reports them. */
export function exitStatusOfSignal(signal: InterruptSignal): number {
  return 128 + constants.signals[signal];
}

/**
 * Runs work with a signal that aborts at the first SIGINT, SIGTERM or SIGHUP. After that nobody listens any more, so
 * that a second Ctrl-C ends the process at once. A second SIGHUP does not: the kernel and the shell both send one when a
 * connection is closed, and nobody meant anything by it.
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
      if (name !== 'SIGHUP') setImmediate(() => signals.off(name, listener));
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
