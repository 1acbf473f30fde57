/**
 * Every failure that a caller can meet, each with a stable `code`, the facts as fields, and what to do next
 * as `advice`. One table maps a code to the exit status of the commands (`docs/exit-codes.md`).
 */
import { renderCommand } from './shell-words.ts';

/** Exit status per code; a code that is not here cannot be constructed. */
const EXIT_STATUS = {
  USAGE: 2,
  CONFIG: 2,
  PROCESS_FAILED: 1,
  PROGRAM_MISSING: 1,
  FILTER_UNAVAILABLE: 1,
  SOURCE_FAILED: 1,
  STORE_FAILED: 1,
  STORE_UNREACHABLE: 1,
  STORE_DENIED: 1,
  ARCHIVED: 1,
  STREAM_TOO_LONG: 1,
  EMPTY_STREAM: 1,
  BACKUP_EXISTS: 1,
  UPLOAD_IN_PROGRESS: 1,
  OUTPUT_FAILED: 1,
  BROKEN_CHAIN: 3,
  NO_COMMON_SNAPSHOT: 3,
  SNAPSHOT_CONFLICT: 3,
  WOULD_LOSE_DATA: 3,
  TARGET_CONFLICT: 3,
  MISMATCH: 3,
  CORRUPT_STREAM: 3,
  UNKNOWN_FILTER: 3,
  NO_SUCH_BUCKET: 4,
  NO_SUCH_KEY: 4,
  NO_SUCH_DATASET: 4,
  NO_SUCH_SNAPSHOT: 4,
  NO_SUCH_BACKUP: 4,
  SOME_FAILED: 5,
} as const satisfies Record<string, number>;

export type ErrorCode = keyof typeof EXIT_STATUS;

export interface ErrorDetails {
  /** What a person can do about it: one sentence or more, no trailing newline. */
  readonly advice?: string;
  readonly cause?: unknown;
}

/** Base of all typed errors. `message` says what failed and on what; `advice` what to do next. */
export class Zfs3BackupError extends Error {
  override readonly name: string = 'Zfs3BackupError';
  readonly code: ErrorCode;
  readonly advice: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.advice = details.advice;
  }
}

/** One thing that is wrong with the configuration or the command line. */
export interface ConfigProblem {
  /** Where it stands: `FILE:LINE`, `--flag` or `environment NAME`. */
  readonly where: string;
  readonly message: string;
}

/** All problems of a configuration, told at once. */
export class ConfigError extends Zfs3BackupError {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[], details: ErrorDetails = {}) {
    super('CONFIG', problems.map(({ where, message }) => `${where}: ${message}`).join('\n'), details);
    this.problems = problems;
  }
}

export interface ProcessFailure {
  /** The program and its arguments, never holding a secret. */
  readonly command: readonly string[];
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  /** What happened where exit code and signal do not tell, such as `stopped reading before the end of its input`. */
  readonly how?: string | undefined;
  /** The last lines (20 at most) of what the program wrote to stderr. */
  readonly stderr: string;
}

/** A child process could not be started, exited non-zero or was killed by a signal. */
export class ProcessFailedError extends Zfs3BackupError {
  override readonly name = 'ProcessFailedError';
  readonly command: readonly string[];
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly stderr: string;

  constructor(failure: ProcessFailure, details: ErrorDetails & { readonly missing?: boolean } = {}) {
    super(
      details.missing ? 'PROGRAM_MISSING' : 'PROCESS_FAILED',
      describeProcess(failure, details.missing),
      details,
    );
    this.command = failure.command;
    this.exitCode = failure.exitCode;
    this.signal = failure.signal;
    this.stderr = failure.stderr;
  }
}

function describeProcess(failure: ProcessFailure, missing = false): string {
  const program = failure.command[0] ?? '(no program)';
  if (missing) return `${program}: no such program on PATH`;
  const how =
    failure.how ??
    (failure.signal ? `was killed by ${failure.signal}` : `exited with status ${failure.exitCode ?? '?'}`);
  const words = failure.stderr.trim();
  const silence = failure.how ? '' : ' and said nothing';
  return `\`${renderCommand(failure.command)}\` ${how}${words ? `:\n${words}` : silence}`;
}

export interface StoreFailure {
  readonly operation: string;
  /** The bucket or key it was about, as the user wrote it. */
  readonly key?: string | undefined;
  readonly partNumber?: number | undefined;
  /** HTTP status as it came, where there was an answer; 200 also where S3 put an error into a 200. */
  readonly status?: number | undefined;
  /**
   * The store's own word: S3's `<Code>` as it stood in the answer, such as `SlowDown`; of a directory the errno of
   * its file system. Absent where none came: without an answer, and where a proxy, an empty or a cut body answered.
   */
  readonly storeCode?: string | undefined;
  /** What the network said instead of an answer, such as `ECONNREFUSED`. */
  readonly errno?: string | undefined;
  readonly requestId?: string | undefined;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  /** What the store asked for by Retry-After. */
  readonly retryAfterMs?: number | undefined;
  /**
   * Whether the store is through with the request: it answered itself, or was never asked. Otherwise (silence, a proxy's
   * page, half an answer) it may still be at work. Not if not given.
   */
  readonly settled?: boolean | undefined;
}

/** The object store refused, failed or did not answer. */
export class StoreError extends Zfs3BackupError implements StoreFailure {
  override readonly name = 'StoreError';
  readonly operation: string;
  readonly key: string | undefined;
  readonly partNumber: number | undefined;
  readonly status: number | undefined;
  readonly storeCode: string | undefined;
  readonly errno: string | undefined;
  readonly requestId: string | undefined;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly settled: boolean;

  constructor(code: ErrorCode, message: string, failure: StoreFailure, details: ErrorDetails = {}) {
    super(code, message, details);
    this.operation = failure.operation;
    this.key = failure.key;
    this.partNumber = failure.partNumber;
    this.status = failure.status;
    this.storeCode = failure.storeCode;
    this.errno = failure.errno;
    this.requestId = failure.requestId;
    this.retryable = failure.retryable;
    this.retryAfterMs = failure.retryAfterMs;
    this.settled = failure.settled ?? false;
  }
}

/** The status a command exits with for this error; anything unknown is 1, a failure. */
export function exitStatusOf(error: unknown): number {
  return error instanceof Zfs3BackupError ? EXIT_STATUS[error.code] : 1;
}

/** All codes and their status, for the documentation and its test. */
export function exitStatusTable(): ReadonlyArray<readonly [ErrorCode, number]> {
  return Object.entries(EXIT_STATUS) as Array<[ErrorCode, number]>;
}
