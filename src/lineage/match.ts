import type { Backup, Lineage, LineageEntry } from './backup.ts';
import { entriesByName, isOther } from './parents.ts';
import type { Bookmark, Snapshot } from './snapshot.ts';

/** What the store has of a local snapshot: its backup, another snapshot's under its name, or nothing. */
export type StoredMatch =
  | { readonly kind: 'same'; readonly entry: LineageEntry }
  | { readonly kind: 'other'; readonly entry: LineageEntry }
  | { readonly kind: 'none' };

/** The same for a backup, looked for among the snapshots of a dataset. */
export type LocalMatch =
  | { readonly kind: 'same'; readonly snapshot: Snapshot }
  | { readonly kind: 'other'; readonly snapshot: Snapshot }
  | { readonly kind: 'none' };

/**
 * Identity is the guid wherever both sides know it, so that a renamed snapshot is recognised and one that was
 * destroyed and taken again is not. A backup that does not tell its guid (predecessors' do not) goes by its name.
 */
export function matchStored(lineage: Lineage): (snapshot: Snapshot) => StoredMatch {
  const byName = entriesByName(lineage);
  const byGuid = entriesByGuid(lineage);
  return ({ name, guid }) => {
    const named = byName.get(name);
    if (named && !isOther(named.backup.guid, guid)) return { kind: 'same', entry: named };
    const renamed = byGuid.get(guid);
    if (renamed) return { kind: 'same', entry: renamed };
    return named ? { kind: 'other', entry: named } : { kind: 'none' };
  };
}

function entriesByGuid(lineage: Lineage): ReadonlyMap<string, LineageEntry> {
  const byGuid = new Map<string, LineageEntry>();
  for (const entry of lineage.entries) {
    const { guid } = entry.backup;
    if (guid !== undefined && (entry.health === 'ok' || !byGuid.has(guid))) byGuid.set(guid, entry);
  }
  return byGuid;
}

/** The backup of the snapshot that a bookmark is left of. Only the guid counts: anybody may give a bookmark any name. */
export function matchBookmark(lineage: Lineage): (bookmark: Bookmark) => LineageEntry | undefined {
  const byGuid = entriesByGuid(lineage);
  return ({ guid }) => byGuid.get(guid);
}

export type SnapshotIdentity = Pick<Backup, 'snapshot' | 'guid'>;

export function matchLocal(snapshots: readonly Snapshot[]): (backup: SnapshotIdentity) => LocalMatch {
  const byName = new Map(snapshots.map((snapshot) => [snapshot.name, snapshot]));
  const byGuid = new Map(snapshots.map((snapshot) => [snapshot.guid, snapshot]));
  return ({ snapshot: name, guid }) => {
    const known = guid === undefined ? undefined : byGuid.get(guid);
    if (known) return { kind: 'same', snapshot: known };
    const named = byName.get(name);
    if (named === undefined) return { kind: 'none' };
    return { kind: isOther(guid, named.guid) ? 'other' : 'same', snapshot: named };
  };
}
