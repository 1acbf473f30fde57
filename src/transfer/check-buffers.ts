import { Zfs3BackupError } from '../errors.ts';

/** What somebody asks of the buffers. */
export interface AskedBuffers {
  /** Bytes for all of them together. */
  readonly maxMemory?: number | undefined;
  /** Parts in flight at most. */
  readonly concurrency?: number | undefined;
}

/** Throws USAGE for what is no number of bytes or of parts: a plan made of it would leave bytes out. */
export function checkBuffers({ maxMemory, concurrency }: AskedBuffers): void {
  if (maxMemory !== undefined && !isCount(maxMemory)) {
    throw new Zfs3BackupError('USAGE', `The memory for buffers must be a number of bytes, not ${maxMemory}`);
  }
  if (concurrency !== undefined && !isCount(concurrency)) {
    throw new Zfs3BackupError('USAGE', `At least one part must be in flight, not ${concurrency}`);
  }
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1;
}
