import { StoreError } from '../errors.ts';
import { renderCommand } from '../shell-words.ts';
import { wordsFor } from './operation-words.ts';

/** Turns an error of the file system into one that says what to do; others pass through. */
export function asStoreError(error: unknown, root: string, operation: string, key: string): unknown {
  if (!(error instanceof Error) || error instanceof StoreError) return error;
  const errno = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (errno === undefined || error.name === 'AbortError') return error;
  const failure = { operation, key, storeCode: errno, retryable: false, settled: true };
  const where = `file://${root}: cannot ${wordsFor(operation)} ${key}`;
  switch (errno) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new StoreError('STORE_FAILED', `${where}: no space left (${errno})`, failure, {
        cause: error,
        advice: `Free space on the file system that holds ${root}, or prune old backups, then run it again.`,
      });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new StoreError('STORE_DENIED', `${where}: not allowed (${errno})`, failure, {
        cause: error,
        advice: `Check the owner and mode of ${root} and whether it is mounted read-only.`,
      });
    case 'ENOENT':
      return new StoreError('STORE_FAILED', `${where}: ${error.message}`, failure, {
        cause: error,
        advice: `Look whether something below ${root} was moved, or is on a disk that is not mounted.`,
      });
    default:
      return new StoreError('STORE_FAILED', `${where}: ${error.message}`, failure, { cause: error });
  }
}

/** As S3 says it, whose status callers look at. */
export function alreadyThere(root: string, key: string): StoreError {
  const failure = { operation: 'put', key, status: 412, retryable: false, settled: true };
  return new StoreError('MISMATCH', `file://${root}: ${key} is there already`, failure);
}

/** `isThere`: as something else than a directory. */
export function noSuchRoot(root: string, operation: string, isThere: boolean): StoreError {
  return new StoreError(
    'NO_SUCH_BUCKET',
    `file://${root}: ${isThere ? 'is not a directory' : 'no such directory'}`,
    { operation, key: root, retryable: false, settled: true },
    {
      advice: isThere
        ? 'A store is a directory: name another one.'
        : `Mount the disk that holds it, or create it: ${renderCommand(['mkdir', '-p', root])}`,
    },
  );
}

export function isErrno(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
