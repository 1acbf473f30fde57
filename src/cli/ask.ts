import { createInterface } from 'node:readline';
import type { CommandIo } from './io.ts';
import { escapeText } from './render-text.ts';

/** Whether somebody is there to answer: both what is typed and what is asked go over a terminal. */
export function canAsk({ stdin, stderr }: Pick<CommandIo, 'stdin' | 'stderr'>): boolean {
  return stdin.isTTY === true && stderr.isTTY === true;
}

export interface Asking {
  readonly io: Pick<CommandIo, 'stdin' | 'stderr'>;
  readonly signal: AbortSignal;
}

/**
 * Asks a question on stderr and waits for a line. Only `y` or `yes` is consent: an empty line, the end of the input
 * and anything else are not. Rejects with the signal's reason. Call it only where `canAsk`.
 */
export async function askYes({ io, signal }: Asking, question: string): Promise<boolean> {
  signal.throwIfAborted();
  const lines = createInterface({ input: io.stdin, terminal: false });
  let stop = () => {};
  try {
    const line = new Promise<string>((resolve, reject) => {
      stop = () => reject(signal.reason);
      signal.addEventListener('abort', stop);
      lines.once('line', resolve);
      lines.once('close', () => resolve(''));
    });
    io.stderr.write(`${escapeText(question)} [y/N] `);
    return /^y(es)?$/i.test((await line).trim());
  } finally {
    signal.removeEventListener('abort', stop);
    lines.close();
  }
}
