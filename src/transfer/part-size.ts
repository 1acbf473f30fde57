import { Zfs3BackupError } from '../errors.ts';
import type { StoreLimits } from '../store/store-limits.ts';

const MIB = 1024 ** 2;

/** Never below this, even where a store would take smaller parts: each part is a request. */
const SMALLEST_PLANNED_BYTES = 5 * MIB;

/** Send streams were seen to be a little longer than their estimate. */
const RESERVE = 1.05;

/** Node hashes and writes no more at once: a sign bit less than 2 GiB, in whole MiB. */
const LARGEST_BODY_BYTES = 2047 * MIB;

/** What of a store's limits this program can use. */
export function usable(limits: StoreLimits): StoreLimits {
  return { ...limits, maxPartBytes: Math.min(limits.maxPartBytes, LARGEST_BODY_BYTES) };
}

/**
 * The part size that an estimate gives: all of it, and 5 % more, fits into one part fewer than the store takes, so
 * that rounding never needs the one beyond.
 */
export function partBytesFor(estimate: number, limits: StoreLimits): number {
  const needed = Math.ceil((estimate * RESERVE) / Math.max(1, limits.maxParts - 1));
  return withinLimits(Math.max(SMALLEST_PLANNED_BYTES, needed), limits);
}

export function withinLimits(partBytes: number, { minPartBytes, maxPartBytes }: StoreLimits): number {
  return Math.min(Math.max(partBytes, minPartBytes), maxPartBytes);
}

/** Throws USAGE for a part size that the store does not take. */
export function checkAsked(partBytes: number, limits: StoreLimits): void {
  const problem = sayPartSize(partBytes, limits);
  if (problem !== undefined) throw new Zfs3BackupError('USAGE', problem);
}

/** Why the store does not take parts of this size; `undefined` where it does. */
export function sayPartSize(
  partBytes: number,
  { minPartBytes, maxPartBytes }: StoreLimits,
): string | undefined {
  if (Number.isSafeInteger(partBytes) && partBytes >= minPartBytes && partBytes <= maxPartBytes)
    return undefined;
  return (
    `A part of ${describeExactly(partBytes)} is not possible: the store takes parts of ` +
    `${describeExactly(minPartBytes)} to ${describeExactly(maxPartBytes)}`
  );
}

/** Throws STREAM_TOO_LONG for an estimate beyond the longest object that the store takes, USAGE for no number. */
export function checkEstimate(estimate: number, limits: StoreLimits): void {
  if (!Number.isFinite(estimate) || estimate < 0) {
    throw new Zfs3BackupError('USAGE', `The expected size must be a number of bytes, not ${estimate}`);
  }
  const ceiling = Math.min(limits.maxPartBytes * limits.maxParts, limits.maxObjectBytes);
  if (estimate <= ceiling) return;
  throw new Zfs3BackupError(
    'STREAM_TOO_LONG',
    `A stream of ${describeBytes(estimate)} is expected, and the longest object possible in this store is ` +
      describeBytes(ceiling),
    { advice: 'Use a store that takes longer objects, or split the dataset.' },
  );
}

/** Bytes for a sentence: binary units, as sizes are written everywhere here. */
export function describeBytes(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const rounded = Math.round(value * 10) / 10;
  return rounded === 1 && unit === 0 ? '1 byte' : `${rounded} ${units[unit]}`;
}

/** For limits, at which a rounded number would contradict itself. */
function describeExactly(bytes: number): string {
  const isWhole = bytes > 0 && bytes % MIB === 0;
  const unit = isWhole && bytes % (1024 * MIB) === 0 ? 'GiB' : isWhole ? 'MiB' : 'bytes';
  const per = { GiB: 1024 * MIB, MiB: MIB, bytes: 1 }[unit];
  return `${bytes / per} ${unit}`;
}

/** Bytes as a setting is written, rounded up. */
export function asSetting(bytes: number): string {
  if (bytes < MIB) return String(Math.ceil(bytes));
  const mebibytes = Math.ceil(bytes / MIB);
  return mebibytes % 1024 === 0 ? `${mebibytes / 1024}G` : `${mebibytes}M`;
}
