import type { Backup, Lineage, LineageEntry } from './backup.ts';

/** Whether two guids, both known, differ. */
export function isOther(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && one !== other;
}

/**
 * Finds the stored parent of a backup: by the name it gives, unless the guids tell that another snapshot has that
 * name now; else by the guid, for a snapshot may be renamed between two backups. `undefined` for a full and where
 * the parent is not in the store.
 */
export function linkParents(backups: Iterable<Backup>): (backup: Backup) => Backup | undefined {
  const byName = new Map<string, Backup>();
  const byGuid = new Map<string, Backup>();
  for (const backup of backups) {
    byName.set(backup.snapshot, backup);
    if (backup.guid !== undefined && isBetterSource(backup, byGuid.get(backup.guid))) {
      byGuid.set(backup.guid, backup);
    }
  }
  return ({ kind, parent, parentGuid }) => {
    if (kind === 'full') return undefined;
    const named = parent === undefined ? undefined : byName.get(parent);
    if (named && !isOther(named.guid, parentGuid)) return named;
    return parentGuid === undefined ? undefined : byGuid.get(parentGuid);
  };
}

// One snapshot under two names: a full needs nothing else; the name decides where all is equal, never the order.
function isBetterSource(backup: Backup, known: Backup | undefined): boolean {
  if (known === undefined) return true;
  if (known.kind !== backup.kind) return backup.kind === 'full';
  return backup.snapshot < known.snapshot;
}

/** The same for the entries of a lineage. */
export function linkEntries(lineage: Lineage): (entry: LineageEntry) => LineageEntry | undefined {
  const parentOf = linkParents(lineage.entries.map(({ backup }) => backup));
  const byName = entriesByName(lineage);
  return ({ backup }) => {
    const parent = parentOf(backup);
    return parent && byName.get(parent.snapshot);
  };
}

/** Lets a lineage be asked by the name of a snapshot. */
export function entriesByName(lineage: Lineage): ReadonlyMap<string, LineageEntry> {
  return new Map(lineage.entries.map((entry) => [entry.backup.snapshot, entry]));
}
