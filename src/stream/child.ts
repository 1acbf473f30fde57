import type { Readable, Writable } from 'node:stream';
import { ProcessFailedError } from '../errors.ts';
import type { ProcessOptions } from './process-options.ts';

export interface ChildOptions extends ProcessOptions {
  /** A number is a descriptor that it reads from. */
  readonly stdin: 'pipe' | 'ignore' | number;
  /** A number is a descriptor that it writes to. */
  readonly stdout: 'pipe' | 'ignore' | number;
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
  /** Aborted when it is to end: nobody wants to read what it writes any more. */
  readonly halted: AbortSignal;
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
    const advice = `Install ${command[0]}, or correct its name.`;
    return new ProcessFailedError({ command, stderr }, { missing: true, advice, cause: error });
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new ProcessFailedError(
    { command, how: `could not be started (${reason})`, stderr },
    { cause: error },
  );
}
