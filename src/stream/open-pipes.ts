import { openFifos } from './fifo.ts';
import { createLentPipe, type LentPipe } from './lent-pipe.ts';
import { createStdinPipe, type StdinPipe } from './stdin-pipe.ts';

export interface Pipes {
  readonly input?: StdinPipe | undefined;
  readonly output?: LentPipe | undefined;
}

/** The pipes of our own that a program gets; without those that there cannot be, where streams of Node's have to do. */
export async function openPipes(
  wanted: { readonly input: boolean; readonly output: boolean },
  temporary?: string,
): Promise<Pipes> {
  const count = Number(wanted.input) + Number(wanted.output);
  const fifos = count > 0 ? await openFifos(count, temporary) : undefined;
  if (!fifos) return {};
  const [output, input] = wanted.output ? fifos : [undefined, ...fifos];
  return { input: input && createStdinPipe(input), output: output && createLentPipe(output) };
}
