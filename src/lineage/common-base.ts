import type { Lineage, LineageEntry } from './backup.ts';
import { matchBookmark, type StoredMatch } from './match.ts';
import { type Bookmark, compareDecimals, inCreationOrder, type Snapshot } from './snapshot.ts';

/** Something here whose backup is in the store, so that an incremental can build on it. */
export interface CommonBase {
  /** A snapshot, or the bookmark that is left of it. */
  readonly local: Snapshot | Bookmark;
  readonly entry: LineageEntry;
}

export interface BaseQuestion {
  readonly lineage: Lineage;
  /** In order of creation. */
  readonly snapshots: readonly Snapshot[];
  readonly bookmarks: readonly Bookmark[];
  readonly stored: (snapshot: Snapshot) => StoredMatch;
}

/**
 * Oldest first, whatever their health: identity is the guid, whatever snapshot, bookmark and backup are called. What a
 * bookmark can do its snapshot can, so where both are there the bookmark is left out.
 */
export function findCommon({ lineage, snapshots, bookmarks, stored }: BaseQuestion): readonly CommonBase[] {
  const bySnapshot = snapshots.flatMap((local) => {
    const match = stored(local);
    return match.kind === 'same' ? [{ local, entry: match.entry }] : [];
  });
  const here = new Set(snapshots.map(({ guid }) => guid));
  const storedAs = matchBookmark(lineage);
  const gone = inCreationOrder(bookmarks).flatMap((local) => {
    if (here.has(local.guid) || isLeftBehind(local, snapshots)) return [];
    const entry = storedAs(local);
    return entry ? [{ local, entry }] : [];
  });
  return gone.length === 0 ? bySnapshot : [...bySnapshot, ...gone].sort(byCreation);
}

/**
 * Whether the dataset has gone back past a bookmark: `zfs receive -F` leaves it there (seen on OpenZFS 2.3), and `zfs
 * send` still sends from it, but not what was undone, so that a restore would silently be wrong. A snapshot that came
 * to the dataset after the bookmark, but was taken before it, gives that away.
 */
export function isLeftBehind(bookmark: Bookmark, snapshots: readonly Snapshot[]): boolean {
  return snapshots.some(
    ({ createtxg, createdAt }) =>
      createdAt < bookmark.createdAt && compareDecimals(createtxg, bookmark.createtxg) > 0,
  );
}

function byCreation(a: CommonBase, b: CommonBase): number {
  return compareDecimals(a.local.createtxg, b.local.createtxg);
}
