import { execa } from 'execa';
import type { Child, ChildOptions, Outcome } from './child.ts';
import { createStderrTail } from './stderr-tail.ts';

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
    // Descriptors go as well; the types know them only where they stand alone.
    stdin: options.stdin as 'pipe' | 'ignore',
    stdout: options.stdout as 'pipe' | 'ignore',
    stderr: 'pipe',
    buffer: false,
    encoding: 'buffer',
    reject: false,
    forceKillAfterDelay: killGraceMs,
    ...(options.env ? { env: options.env } : {}),
  });
  const gone = new AbortController();
  const halted = new AbortController();
  let wasKilled = false;
  let hasExited = false;
  let stderrTimer: NodeJS.Timeout | undefined;

  function halt(): void {
    if (!hasExited && !wasKilled) {
      wasKilled = true;
      subprocess.kill();
    }
    subprocess.stdout?.destroy();
    halted.abort();
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
    halted: halted.signal,
    ended: end(),
    halt,
    forget: () => options.signal?.removeEventListener('abort', halt),
  };
}
