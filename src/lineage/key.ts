import { Zfs3BackupError } from '../errors.ts';

export interface BackupName {
  readonly dataset: string;
  /** The part after the `@`. */
  readonly snapshot: string;
}

/** S3 allows no longer key, in bytes of UTF-8. */
export const MAX_KEY_BYTES = 1024;

/** Control, format, unassigned and private characters, lone surrogates, line and paragraph separators. */
export const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u;

/**
 * The key of one backup. `prefix` ends in `/`.
 * @throws Zfs3BackupError USAGE for names that `parseBackupKey` would not read back.
 */
export function backupKey(prefix: string, dataset: string, snapshot: string): string {
  const key = `${datasetPrefix(prefix, dataset)}${snapshot}`;
  const name = parseBackupKey(prefix, key);
  if (name?.dataset !== dataset || name.snapshot !== snapshot) {
    throw new Zfs3BackupError(
      'USAGE',
      `${JSON.stringify(`${dataset}@${snapshot}`)} cannot be the name of a backup`,
      {
        advice: `A key has at most ${MAX_KEY_BYTES} bytes, prefix included, one "@" and no control characters.`,
      },
    );
  }
  return key;
}

/** What to list for all backups of one dataset and of no other: `tank/a` must not find `tank/ab`. */
export function datasetPrefix(prefix: string, dataset: string): string {
  return `${prefix}${dataset}@`;
}

/** `undefined` for a key that is no backup's. Keys come from a bucket, so nothing about them is trusted. */
export function parseBackupKey(prefix: string, key: string): BackupName | undefined {
  if (!key.startsWith(prefix) || utf8Bytes(key) > MAX_KEY_BYTES) return undefined;
  return parseBackupName(key.slice(prefix.length));
}

/** Reads `dataset@snapshot`; `undefined` for anything that no dataset or snapshot can be called. */
export function parseBackupName(text: string): BackupName | undefined {
  const [dataset, snapshot, ...more] = text.split('@');
  if (dataset === undefined || snapshot === undefined || more.length > 0) return undefined;
  // No pool begins with these: `-` would read as an option, `.` is left to objects of our own beside the backups.
  if (UNPRINTABLE.test(text) || /^[-.]/.test(dataset)) return undefined;
  if (!dataset.split('/').every(isNamePart)) return undefined;
  if (snapshot.includes('/') || !isNamePart(snapshot)) return undefined;
  return { dataset, snapshot };
}

function isNamePart(part: string): boolean {
  return part.trim() !== '' && part !== '.' && part !== '..' && !part.includes('\\');
}

export function utf8Bytes(text: string): number {
  return new TextEncoder().encode(text).byteLength;
}
