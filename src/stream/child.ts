import type { Readable, Writable } from 'node:stream';
import { execa } from 'execa';
import { ProcessFailedError } from '../errors.ts';
import { createStderrTail } from './stderr-tail.ts';

export interface ProcessOptions {
  /** Kills the program; whoever waits for it is then rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Added to the inherited environment. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Gets what the program writes to stderr as it arrives, not cut at lines. */
  readonly onStderr?: ((text: string) => void) | undefined;
  /** How long a program that was asked to end (SIGTERM) may take before it gets SIGKILL; 5,000 by default. */
  readonly killGraceMs?: number | undefined;
}

interface ChildOptions extends ProcessOptions {
  readonly stdin: 'pipe' | 'ignore';
  readonly stdout: 'pipe' | 'ignore';
  readonly stderrBytes?: number;
}

/** How a child ended. */
export interface Outcome {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  /** Why it did not start. */
  readonly startError: unknown;
  /** We killed it before it ended by itself: its status says nothing then. */
  readonly wasKilled: boolean;
  readonly stderr: string;
  readonly allStderr: string;
}

export interface Child {
  readonly argv: readonly string[];
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  readonly killGraceMs: number;
  /** Whether it could be started. */
  readonly started: Promise<boolean>;
  /** Aborted as soon as nothing more can come of feeding it: it failed, was killed, or is to end. */
  readonly gone: AbortSignal;
  /** Settles when it was reaped and its stderr was read; never rejects. */
  readonly ended: Promise<Outcome>;
  /**
   * Asks it to end, forces it after the grace time, and stops reading its stdout. Its stdin stays open until it
   * is dead, so that it cannot take a stream that was cut for a whole one.
   */
  halt(): void;
  /** Leaves the signal of the options alone from now on. */
  forget(): void;
}

const STDERR_LINES = 20;
const STDERR_BYTES = 16 * 1024;
/** A grandchild may hold stderr open for ever (ssh's ControlMaster does). */
const STDERR_GRACE_MS = 1_000;
const KILL_GRACE_MS = 5_000;

/** Starts a program. Its stdout must be read in the same tick: execa lets unread output flow away. */
export function startChild(argv: readonly string[], options: ChildOptions): Child {
  const [program, ...args] = argv;
  if (program === undefined) throw new TypeError('No program was given');
  const killGraceMs = options.killGraceMs ?? KILL_GRACE_MS;
  const tail = createStderrTail(options.stderrBytes ?? STDERR_BYTES, options.onStderr);
  const subprocess = execa(program, args, {
    stdin: options.stdin,
    stdout: options.stdout,
    stderr: 'pipe',
    buffer: false,
    encoding: 'buffer',
    reject: false,
    forceKillAfterDelay: killGraceMs,
    ...(options.env ? { env: options.env } : {}),
  });
  const gone = new AbortController();
  let wasKilled = false;
  let hasExited = false;
  let stderrTimer: NodeJS.Timeout | undefined;

  function halt(): void {
    if (!hasExited && !wasKilled) {
      wasKilled = true;
      subprocess.kill();
    }
    subprocess.stdout?.destroy();
    gone.abort();
  }

  // What an EPIPE means is decided by the exit status and by what was written, not by an event.
  subprocess.stdin?.on('error', () => {});
  subprocess.stderr.on('data', tail.add);
  subprocess.once('exit', (exitCode) => {
    hasExited = true;
    if (exitCode !== 0 || wasKilled) gone.abort();
    stderrTimer = setTimeout(() => subprocess.stderr.destroy(), STDERR_GRACE_MS);
  });
  const started = new Promise<boolean>((resolve) => {
    subprocess.once('spawn', () => resolve(true));
    subprocess.once('error', () => resolve(false));
    void subprocess.then(() => resolve(false));
  });
  options.signal?.addEventListener('abort', halt);

  async function end(): Promise<Outcome> {
    const result = await subprocess;
    clearTimeout(stderrTimer);
    const { exitCode, signal } = result;
    return {
      exitCode,
      signal,
      startError: exitCode === undefined && signal === undefined ? (result.cause ?? result) : undefined,
      wasKilled,
      stderr: tail.lastLines(STDERR_LINES),
      allStderr: tail.text(),
    };
  }

  return {
    argv,
    stdin: subprocess.stdin,
    stdout: subprocess.stdout,
    killGraceMs,
    started,
    gone: gone.signal,
    ended: end(),
    halt,
    forget: () => options.signal?.removeEventListener('abort', halt),
  };
}

/** The error for a child that did not end well by itself; `undefined` for one that exited with 0. */
export function failureOf(child: Child, outcome: Outcome, cause?: unknown): ProcessFailedError | undefined {
  const { exitCode, signal, startError, stderr } = outcome;
  if (startError !== undefined) return startFailure(child.argv, startError, stderr);
  if (exitCode === 0) return undefined;
  return new ProcessFailedError({ command: child.argv, exitCode, signal, stderr }, { cause });
}

/** The error for a child that exited with 0 and yet did not do its work. */
export function brokenPromise(
  child: Child,
  outcome: Outcome,
  how: string,
  cause?: unknown,
): ProcessFailedError {
  const { exitCode, signal, stderr } = outcome;
  return new ProcessFailedError({ command: child.argv, exitCode, signal, how, stderr }, { cause });
}

function startFailure(command: readonly string[], error: unknown, stderr: string): ProcessFailedError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') {
    const advice = `Install ${command[0]}, or correct its name in the configuration.`;
    return new ProcessFailedError({ command, stderr }, { missing: true, advice, cause: error });
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new ProcessFailedError(
    { command, how: `could not be started (${reason})`, stderr },
    { cause: error },
  );
}
