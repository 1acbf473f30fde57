/** A point-in-time image of a dataset, local. */
export interface Snapshot {
  /** The part after the `@`. */
  readonly name: string;
  /** Decimal, exact (64 bits do not fit a number); identifies the snapshot wherever it is received. */
  readonly guid: string;
  /** Orders snapshots of one dataset; decimal. */
  readonly createtxg: string;
  readonly createdAt: Date;
  readonly referencedBytes: number;
}

/** What is left of a snapshot: not its data, but enough to tell what was written since. */
export interface Bookmark extends Omit<Snapshot, 'referencedBytes'> {
  /** The part after the `#`. */
  readonly name: string;
  readonly isBookmark: true;
}

export function isBookmark(from: Snapshot | Bookmark | undefined): from is Bookmark {
  return from !== undefined && 'isBookmark' in from;
}

/** Oldest first. Snapshots taken in one transaction keep the order they came in. */
export function inCreationOrder<T extends Snapshot | Bookmark>(snapshots: readonly T[]): readonly T[] {
  return snapshots.toSorted((a, b) => compareDecimals(a.createtxg, b.createtxg));
}

/** Negative where `a` is less. */
// BigInt() throws on anything that is not a number, and a planner must not.
export function compareDecimals(a: string, b: string): number {
  const left = a.replace(/^0+/, '');
  const right = b.replace(/^0+/, '');
  if (left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : left > right ? 1 : 0;
}
