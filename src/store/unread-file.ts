import { Zfs3BackupError } from '../errors.ts';

/** Why a file could not be read, as the rest of a sentence that begins with its name. */
export function sayUnread(error: unknown): string {
  if (error instanceof Zfs3BackupError) return error.message;
  const code = errnoOf(error);
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'does not exist';
    case 'EISDIR':
      return 'is a folder, not a file';
    case 'EACCES':
    case 'EPERM':
      return 'may not be read by this user';
    default:
      return `cannot be read (${code})`;
  }
}

export function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
