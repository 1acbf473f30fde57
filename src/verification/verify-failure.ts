import { ProcessFailedError, StoreError, Zfs3BackupError } from '../errors.ts';
import type { Finding, NotVerified } from '../lineage/verdicts.ts';

/** What an error says of one backup. */
export type Failure =
  | { readonly finding: Finding }
  | { readonly notVerified: NotVerified }
  /** A note: nothing is wrong, it just cannot be read now. */
  | { readonly note: string };

/** Where a failure was met. */
export type Stage = 'reading' | 'decoding' | 'receiving';

/**
 * What ZFS says of a stream, or of one that does not go with what it builds on. Anything else (no room, no permission,
 * a pool that is too old) is about this machine.
 */
const BAD_STREAM =
  /invalid|incomplete|truncated|checksum|corrupt|mismatch|does not\s+match|failed to read|requires -L|raw receive/i;
/** What says that this machine lacks something, or that the store does not answer: nothing of the backup. */
const OURS: ReadonlySet<string> = new Set([
  'UNKNOWN_FILTER',
  'FILTER_UNAVAILABLE',
  'PROGRAM_MISSING',
  'CONFIG',
]);

/** Turns an error into what it says of the backup; one that says nothing of it is thrown again. */
export function explainVerifyFailure(error: unknown, stage: Stage): Failure {
  if (!(error instanceof Zfs3BackupError)) throw error;
  const { code } = error;
  const message = withoutStop(error.message);
  if (error instanceof StoreError) {
    if (code === 'NO_SUCH_KEY') return { finding: { kind: 'missing', message } };
    if (code === 'MISMATCH') return { finding: { kind: 'object', message } };
    if (code === 'NO_SUCH_BUCKET') throw error;
    if (code === 'ARCHIVED') return { note: archivedNote(error.key) };
    return { notVerified: { code, message } };
  }
  if (code === 'MISMATCH') return { finding: { kind: 'object', message } };
  if (OURS.has(code)) return { notVerified: { code, message } };
  if (stage === 'receiving' && error instanceof ProcessFailedError) {
    if (!BAD_STREAM.test(error.stderr)) return { notVerified: { code, message } };
    return { finding: { kind: 'receive', message: `ZFS did not take it: ${message}` } };
  }
  if (code === 'CORRUPT_STREAM' || error instanceof ProcessFailedError)
    return { finding: { kind: 'stream', message } };
  return { notVerified: { code, message } };
}

function archivedNote(key: string | undefined): string {
  return `${key ?? 'the object'} is archived and cannot be read now: \`zfs3backup restore\` with --thaw asks for its chain`;
}

function withoutStop(message: string): string {
  return message.replace(/\.$/, '');
}
