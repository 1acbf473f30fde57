import type { Lineage } from './backup.ts';
import type { Bookmark, Snapshot } from './snapshot.ts';

/** A dataset in the store that has backups of these very snapshots. */
export interface StoredAs {
  readonly dataset: string;
  /** The newest snapshot that they have in common, by its name there. */
  readonly snapshot: string;
}

/** Under which other names the store knows a dataset: it was renamed, or received from there. The nearest comes first. */
export function findStoredAs(
  dataset: string,
  local: readonly (Snapshot | Bookmark)[],
  lineages: readonly Lineage[],
): readonly StoredAs[] {
  const guids = new Set(local.map(({ guid }) => guid));
  return lineages
    .filter((lineage) => lineage.dataset !== dataset)
    .map(({ dataset: name, entries }) => {
      const common = entries.filter(({ backup: { guid } }) => guid !== undefined && guids.has(guid));
      return { dataset: name, snapshot: common.at(-1)?.backup.snapshot, count: common.length };
    })
    .sort((a, b) => b.count - a.count)
    .flatMap(({ dataset: name, snapshot }) => (snapshot === undefined ? [] : [{ dataset: name, snapshot }]));
}

/** A sentence for who backs such a dataset up for the first time. */
export function sayStoredAs(dataset: string, [first]: readonly StoredAs[]): readonly string[] {
  if (first === undefined) return [];
  return [
    `The store has backups of these snapshots as ${first.dataset} (up to ${first.snapshot}): ${dataset} was renamed, or is a copy. Under its own name it begins anew; rename it back to go on with those.`,
  ];
}
