import { ProcessFailedError } from '../errors.ts';
import { failureOf } from './child.ts';
import { loadStart } from './load-start.ts';
import type { ProcessOptions } from './process-options.ts';

export interface RunOptions extends ProcessOptions {
  /** More than this on stdout is an error; 64 MiB by default. */
  readonly maxStdoutBytes?: number;
}

const MAX_STDOUT_BYTES = 64 * 1024 * 1024;
const STDERR_BYTES = 1024 * 1024;

/**
 * Runs a short command in the C locale, with an empty stdin, and returns what it wrote (of stderr: the last MiB).
 * Throws `ProcessFailedError` unless it exited with 0, code PROGRAM_MISSING when there is no such program.
 */
export async function runProcess(
  argv: readonly string[],
  options: RunOptions = {},
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const startChild = await loadStart();
  options.signal?.throwIfAborted();
  const maxBytes = options.maxStdoutBytes ?? MAX_STDOUT_BYTES;
  const env = { ...options.env, LC_ALL: 'C' };
  const child = startChild(argv, {
    ...options,
    env,
    stdin: 'ignore',
    stdout: 'pipe',
    stderrBytes: STDERR_BYTES,
  });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  let readError: unknown;
  try {
    for await (const chunk of child.stdout ?? []) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) break;
      chunks.push(chunk);
    }
  } catch (error) {
    readError = error;
  }
  if (bytes > maxBytes || readError !== undefined) child.halt();
  const outcome = await child.ended;
  child.forget();
  if (bytes > maxBytes) {
    const how = `wrote more than ${maxBytes} bytes`;
    throw new ProcessFailedError({ command: argv, how, stderr: outcome.stderr });
  }
  const failure = failureOf(child, outcome, readError);
  if (failure || outcome.wasKilled || readError !== undefined) options.signal?.throwIfAborted();
  if (failure) throw failure;
  if (readError !== undefined) throw readError;
  return { stdout: Buffer.concat(chunks).toString('utf8'), stderr: outcome.allStderr };
}
