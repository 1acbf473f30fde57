import { Zfs3BackupError } from '../errors.ts';
import type { StoreLimits } from '../store/object-store.ts';

const MIB = 1024 ** 2;

/** Parts without an estimate: 156 GiB at 10,000 parts, 80 MiB of memory at four in flight. */
const DEFAULT_PART_BYTES = 16 * MIB;

/** Never below this, even where a store would take smaller parts: each part is a request. */
const SMALLEST_PLANNED_BYTES = 5 * MIB;

/** Send streams were seen to be a little longer than their estimate. */
const RESERVE = 1.05;

export interface PartPlan {
  /** Size of every part but the last. */
  readonly partBytes: number;
  /** The longest stream that fits into the store with parts of this size. */
  readonly maxStreamBytes: number;
}

export interface PartPlanOptions {
  /** Expected bytes: a hint. */
  readonly estimate?: number | undefined;
  /** What the user asked for (`--chunk-size`); raised where the estimate would not fit otherwise. */
  readonly partBytes?: number | undefined;
  readonly limits: StoreLimits;
}

/**
 * Chooses the part size. Fails with USAGE for a part size that the store does not take, and with
 * STREAM_TOO_LONG for an estimate beyond the longest object that the store takes.
 */
export function planParts({ estimate, partBytes, limits }: PartPlanOptions): PartPlan {
  if (partBytes !== undefined) checkAsked(partBytes, limits);
  if (estimate !== undefined) checkEstimate(estimate, limits);
  const needed = estimate === undefined ? 0 : neededFor(estimate, limits);
  const wanted = partBytes ?? (estimate === undefined ? DEFAULT_PART_BYTES : SMALLEST_PLANNED_BYTES);
  const chosen = Math.min(Math.max(wanted, needed, limits.minPartBytes), limits.maxPartBytes);
  return { partBytes: chosen, maxStreamBytes: longestStream(chosen, limits) };
}

/** Memory for buffers: one for each part in flight and one that is being filled. */
export function memoryBytes(partBytes: number, concurrency: number): number {
  return partBytes * (concurrency + 1);
}

/** One part fewer than allowed is counted on, so that rounding never needs the one beyond. */
function neededFor(estimate: number, { maxParts }: StoreLimits): number {
  return Math.ceil((estimate * RESERVE) / Math.max(1, maxParts - 1));
}

function longestStream(partBytes: number, { maxParts, maxObjectBytes }: StoreLimits): number {
  return Math.min(partBytes * maxParts, maxObjectBytes);
}

function checkAsked(partBytes: number, { minPartBytes, maxPartBytes }: StoreLimits): void {
  if (Number.isSafeInteger(partBytes) && partBytes >= minPartBytes && partBytes <= maxPartBytes) return;
  throw new Zfs3BackupError(
    'USAGE',
    `A part of ${describeBytes(partBytes)} is not possible: the store takes parts of ` +
      `${describeBytes(minPartBytes)} to ${describeBytes(maxPartBytes)}`,
  );
}

function checkEstimate(estimate: number, limits: StoreLimits): void {
  if (!Number.isFinite(estimate) || estimate < 0) {
    throw new Zfs3BackupError('USAGE', `The expected size must be a number of bytes, not ${estimate}`);
  }
  const ceiling = longestStream(limits.maxPartBytes, limits);
  if (estimate <= ceiling) return;
  throw new Zfs3BackupError(
    'STREAM_TOO_LONG',
    `A stream of ${describeBytes(estimate)} is expected, and the longest object of this store is ` +
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
  return `${Math.round(value * 10) / 10} ${units[unit]}`;
}
