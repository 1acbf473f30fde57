import { ProcessFailedError, Zfs3BackupError } from '../errors.ts';
import { runProcess } from '../stream/run-process.ts';
import type { FilterOptions } from './filter.ts';

/**
 * What a program says of itself when it is asked for its version: the first line, or its last word behind `name`.
 * `undefined` where it is missing or says nothing. Throws only what the signal says.
 */
export async function readVersion(
  argv: readonly string[],
  { signal }: FilterOptions = {},
): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await runProcess(argv, { signal, maxStdoutBytes: 64 * 1024 });
    const line = (stdout.trim() || stderr.trim()).split('\n')[0]?.trim();
    return line ? line.slice(0, 100) : undefined;
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof Zfs3BackupError) return undefined;
    throw error;
  }
}

/** Throws PROGRAM_MISSING where the program cannot be found; it is not started. */
export async function demandProgram(argv: readonly string[], { signal }: FilterOptions = {}): Promise<void> {
  const [program = ''] = argv;
  try {
    // The name is an argument, not a part of the line.
    await runProcess(['sh', '-c', 'command -v "$1"', 'sh', program], { signal });
  } catch (error) {
    if (!(error instanceof ProcessFailedError) || error.code === 'PROGRAM_MISSING') throw error;
    throw new ProcessFailedError(
      { command: argv, stderr: '' },
      { missing: true, advice: `Install ${program}, or correct its name.` },
    );
  }
}
