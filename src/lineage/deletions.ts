import type { Backup, Lineage, LineageEntry } from './backup.ts';
import { linkEntries } from './parents.ts';

/** What becomes of one backup, and why. */
export interface DeletionItem {
  readonly entry: LineageEntry;
  readonly action: 'keep' | 'delete';
  /** At least one. */
  readonly reasons: readonly string[];
}

export interface DeletionPlan {
  readonly kind: 'plan';
  readonly dataset: string;
  /** Every backup, in the order of the lineage. */
  readonly items: readonly DeletionItem[];
  /** What goes, in the order in which it goes: children before what they build on. */
  readonly deletions: readonly Backup[];
  /** How many stay only because others that stay descend from them. */
  readonly ancestors: number;
}

/** Why backups stay, by the name of their snapshot. */
export type Keeps = Map<string, string[]>;

export function keep(keeps: Keeps, { backup }: LineageEntry, reason: string): void {
  const reasons = keeps.get(backup.snapshot);
  if (reasons === undefined) keeps.set(backup.snapshot, [reason]);
  else if (!reasons.includes(reason)) reasons.push(reason);
}

/**
 * The list that runs: all that has no reason to stay and that nothing which stays descends from. Since children go
 * before their parents, what remains is whole chains wherever the list is cut off.
 */
export function listDeletions(lineage: Lineage, wanted: Keeps, why: string): DeletionPlan {
  const keeps = withAncestors(lineage, wanted);
  const items = lineage.entries.map((entry): DeletionItem => {
    const reasons = keeps.get(entry.backup.snapshot);
    return reasons ? { entry, action: 'keep', reasons } : { entry, action: 'delete', reasons: [why] };
  });
  const deletions = items.filter(({ action }) => action === 'delete').map(({ entry }) => entry.backup);
  const ancestors = keeps.size - wanted.size;
  return { kind: 'plan', dataset: lineage.dataset, items, deletions: deletions.reverse(), ancestors };
}

// From the newest back, so that each ancestor tells the newest of those that need it; an ancestor that stays anyway
// needs no further word.
function withAncestors(lineage: Lineage, wanted: Keeps): Keeps {
  const parentOf = linkEntries(lineage);
  const keeps: Keeps = new Map([...wanted].map(([name, reasons]) => [name, [...reasons]]));
  for (const entry of lineage.entries.toReversed()) {
    if (!wanted.has(entry.backup.snapshot)) continue;
    let next = parentOf(entry);
    while (next !== undefined && !keeps.has(next.backup.snapshot)) {
      keep(keeps, next, `ancestor of ${entry.backup.snapshot}`);
      next = parentOf(next);
    }
  }
  return keeps;
}

/** The backups that build on one of these, at any distance, in the order of the lineage; without them. */
export function descendantsOf(lineage: Lineage, names: ReadonlySet<string>): readonly LineageEntry[] {
  const parentOf = linkEntries(lineage);
  const builds = new Map<string, boolean>();
  for (const start of lineage.entries) {
    const path = new Set<string>();
    let next: LineageEntry | undefined = start;
    let found = false;
    while (next !== undefined && !path.has(next.backup.snapshot)) {
      const { snapshot } = next.backup;
      const known = builds.get(snapshot);
      if (known !== undefined || names.has(snapshot)) {
        found = known ?? true;
        break;
      }
      path.add(snapshot);
      next = parentOf(next);
    }
    for (const name of path) builds.set(name, found);
  }
  return lineage.entries.filter(({ backup }) => builds.get(backup.snapshot) && !names.has(backup.snapshot));
}

/** What tells one stored object from another that took its place. */
export function identityOf({ key, etag, storedBytes, storedAt }: Backup): string {
  return JSON.stringify([key, etag ?? null, storedBytes, storedAt.getTime()]);
}
