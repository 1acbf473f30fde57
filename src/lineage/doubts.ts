import type { Lineage, LineageEntry } from './backup.ts';
import { descendantsOf } from './deletions.ts';

/** Why backups that look well may not be: a record tells of another object than the one that is there. */
export function doubtsOf(lineage: Lineage): ReadonlyMap<LineageEntry, string> {
  const stale = lineage.entries.filter(({ backup }) => backup.staleRecordKey !== undefined);
  if (stale.length === 0) return new Map();
  const names = new Set(stale.map(({ backup }) => backup.snapshot));
  return new Map([
    ...descendantsOf(lineage, names).map((entry) => [entry, 'builds on what is not as recorded'] as const),
    ...stale.map((entry) => [entry, 'not the object that was recorded'] as const),
  ]);
}
