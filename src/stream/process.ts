/**
 * Programs as streams. Each is started from an argv array, without a shell. A stream that ends is a program that
 * exited with 0; anything else is thrown: `ProcessFailedError` with the program's last words, code PROGRAM_MISSING
 * when there is no such program, or the reason of the signal that was aborted. Ending a stream early kills and
 * reaps its program. Two programs are joined by copying: one's stdout is never handed to the next as its stdin,
 * because Node may have begun to read it.
 */
import { setImmediate } from 'node:timers/promises';
import { brokenPromise, type Child, failureOf, type Outcome } from './child.ts';
import { type Fed, feed } from './feed.ts';
import { loadStart } from './load-start.ts';
import { openPipes } from './open-pipes.ts';
import type { ProcessOptions } from './process-options.ts';
import { readOnce } from './read-once.ts';
import type { StdinPipe } from './stdin-pipe.ts';

export type { ProcessOptions } from './process-options.ts';

/** What the program writes to stdout; its stdin is empty. Starts with the first chunk asked for, and only once. */
export function readProcess(
  argv: readonly string[],
  options: ProcessOptions = {},
): AsyncIterable<Uint8Array> {
  return readOnce((ended) => readStdout(argv, undefined, options, ended));
}

/**
 * `source` through a program: its stdin to its stdout. Throws what `source` throws (unless the program failed
 * first); a program that exits with 0 before it took all of `source` has failed.
 */
export function pipeThrough(
  argv: readonly string[],
  source: AsyncIterable<Uint8Array>,
  options: ProcessOptions = {},
): AsyncIterable<Uint8Array> {
  return readOnce((ended) => readStdout(argv, source, options, ended));
}

/**
 * `source` into the stdin of a program; its stdout is not read. Resolves when it took every byte and exited with
 * 0. When `source` throws, the program is killed while its stdin is still open, so that it never sees the end of
 * a stream that was cut, and the error of `source` is thrown; unless the program failed first, then the program's,
 * with that one as its cause. A program that exits with 0 before it read the last byte has failed; on Linux, and
 * elsewhere if more was left than the kernel had taken off our hands.
 */
export async function writeProcess(
  argv: readonly string[],
  source: AsyncIterable<Uint8Array>,
  options: ProcessOptions = {},
): Promise<void> {
  const startChild = await loadStart();
  const { input } = await openPipes({ input: true, output: false });
  try {
    options.signal?.throwIfAborted();
    const child = startChild(argv, { ...options, stdin: input?.reader ?? 'pipe', stdout: 'ignore' });
    input?.closeReader();
    const fed = await feedChild(child, source, input);
    const outcome = await child.ended;
    child.forget();
    throwUnlessWell(child, outcome, { fed: lookForUnread(fed, input), signal: options.signal });
  } finally {
    input?.close();
  }
}

async function* readStdout(
  argv: readonly string[],
  source: AsyncIterable<Uint8Array> | undefined,
  options: ProcessOptions,
  ended: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const { child, chunks, input } = await startReadable(argv, source !== undefined, options, ended);
  if (!child) return;
  ended.addEventListener('abort', child.halt);
  const feeding = source && feedChild(child, source, input);
  try {
    let readError: unknown;
    try {
      for await (const chunk of chunks) yield chunk;
    } catch (error) {
      readError = error;
    }
    const fed = await feeding;
    const outcome = await child.ended;
    const circumstances = { fed: lookForUnread(fed, input), readError, signal: options.signal };
    if (!ended.aborted) throwUnlessWell(child, outcome, circumstances);
  } finally {
    child.halt();
    await feeding;
    await child.ended;
    child.forget();
    input?.close();
  }
}

interface Started {
  /** Absent where nobody wants it any more. */
  readonly child?: Child;
  readonly chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  readonly input?: StdinPipe | undefined;
}

async function startReadable(
  argv: readonly string[],
  isFed: boolean,
  options: ProcessOptions,
  ended: AbortSignal,
): Promise<Started> {
  const startChild = await loadStart();
  const { input, output } = await openPipes({ input: isFed, output: options.lend === true });
  const close = () => {
    output?.close();
    input?.close();
  };
  try {
    options.signal?.throwIfAborted();
    if (ended.aborted) {
      close();
      return { chunks: [] };
    }
    const stdin = isFed ? (input?.reader ?? 'pipe') : 'ignore';
    const child = startChild(argv, { ...options, stdin, stdout: output?.writer ?? 'pipe' });
    return { child, chunks: output?.read(child.halted) ?? child.stdout ?? [], input };
  } catch (error) {
    close();
    throw error;
  } finally {
    output?.closeWriter();
    input?.closeReader();
  }
}

async function feedChild(
  child: Child,
  source: AsyncIterable<Uint8Array>,
  input: StdinPipe | undefined,
): Promise<Fed> {
  const stdin = input?.writable ?? child.stdin;
  // A missing program must not cost a byte of the source: another one may take its place.
  if (!stdin || !(await child.started)) return { kind: 'refused' };
  const fed = await feed(stdin, source, child.gone, child.killGraceMs, input?.keepUnread);
  if (fed.kind === 'source failed') {
    // Whether the program died before this is known only when the event loop has polled once more.
    await setImmediate();
    await setImmediate();
    child.halt();
  }
  if (fed.kind === 'refused') haltUnlessEnded(child);
  return fed;
}

/** A program that closed its stdin may still have something to say, but not for ever. */
function haltUnlessEnded(child: Child): void {
  const timer = setTimeout(child.halt, child.killGraceMs);
  void child.ended.then(() => clearTimeout(timer));
}

/** How feeding ended, now that the program has exited. */
function lookForUnread(fed: Fed | undefined, input: StdinPipe | undefined): Fed | undefined {
  return fed?.kind === 'taken' && input?.isUnread() ? { kind: 'refused' } : fed;
}

interface Circumstances {
  readonly fed?: Fed | undefined;
  readonly readError?: unknown;
  readonly signal: AbortSignal | undefined;
}

function throwUnlessWell(child: Child, outcome: Outcome, { fed, readError, signal }: Circumstances): void {
  const sourceError = fed?.kind === 'source failed' ? fed.error : undefined;
  const failure = outcome.wasKilled ? undefined : failureOf(child, outcome, sourceError);
  const isWell = outcome.exitCode === 0 && !outcome.wasKilled && readError === undefined;
  if (isWell && (fed === undefined || fed.kind === 'taken')) return;
  // Ctrl-C reaches the children too: their death is then not the news.
  signal?.throwIfAborted();
  if (failure) throw failure;
  if (fed?.kind === 'source failed') throw fed.error;
  if (fed?.kind === 'refused')
    throw brokenPromise(child, outcome, 'stopped reading before the end of its input');
  throw brokenPromise(child, outcome, 'broke off its output', readError);
}
