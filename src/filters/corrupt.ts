import { Zfs3BackupError } from '../errors.ts';

/** The error for input that `filter` cannot decode. */
export function corruptStream(filter: string, reason: string, cause?: unknown): Zfs3BackupError {
  return new Zfs3BackupError('CORRUPT_STREAM', `The ${filter} data is damaged or cut short: ${reason}`, {
    advice:
      'Nothing of it may be trusted; compare the object with its record, and restore from another backup.',
    cause,
  });
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
