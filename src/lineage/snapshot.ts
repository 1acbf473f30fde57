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

/** Oldest first. Snapshots taken in one transaction keep the order they came in. */
export function inCreationOrder(snapshots: readonly Snapshot[]): readonly Snapshot[] {
  return snapshots.toSorted((a, b) => compareDecimals(a.createtxg, b.createtxg));
}

// BigInt() throws on anything that is not a number, and a planner must not.
function compareDecimals(a: string, b: string): number {
  const left = a.replace(/^0+/, '');
  const right = b.replace(/^0+/, '');
  if (left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : left > right ? 1 : 0;
}
