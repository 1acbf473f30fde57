import type { Backup, Health, Lineage, LineageEntry } from './backup.ts';
import type { BrokenChain, NoSuchBackup } from './conflicts.ts';
import { entriesByName, linkEntries, linkParents } from './parents.ts';

/** A full and the incrementals up to the one that was asked for, oldest first. */
export interface Chain {
  readonly kind: 'chain';
  readonly backups: readonly Backup[];
}

type ParentOf = (backup: Backup) => Backup | undefined;

/**
 * Links the backups of one dataset and says how each of them fares; backups of other datasets are left out. Only the
 * members of a cycle are `cycle detected`; what builds on one is `parent broken`, like anything else that builds on
 * a backup that is not `ok`.
 */
export function buildLineage(dataset: string, backups: Iterable<Backup>): Lineage {
  const ours = new Map<string, Backup>();
  for (const backup of backups) if (backup.dataset === dataset) ours.set(backup.snapshot, backup);
  const sorted = [...ours.values()].sort(byTimeStored);
  const parentOf = linkParents(sorted);
  const healths = findHealths(sorted, parentOf);
  const entries: LineageEntry[] = [];
  for (const backup of parentsFirst(sorted, parentOf, healths)) {
    const health = healths.get(backup);
    if (health) entries.push({ backup, health });
  }
  return { dataset, entries };
}

// Walks up to the next backup whose health is known, then hands it down: linear, and no recursion, for a chain of
// hourly snapshots is thousands long.
function findHealths(backups: readonly Backup[], parentOf: ParentOf): ReadonlyMap<Backup, Health> {
  const healths = new Map<Backup, Health>();
  for (const start of backups) {
    const path = new Map<Backup, number>();
    let next: Backup | undefined = start;
    while (next !== undefined && !healths.has(next) && !path.has(next)) {
      path.set(next, path.size);
      next = parentOf(next);
    }
    const cycleAt = next && path.get(next);
    const line = [...path.keys()];
    for (let index = line.length - 1; index >= 0; index--) {
      const backup = line[index];
      if (backup === undefined) continue;
      const inCycle = cycleAt !== undefined && index >= cycleAt;
      healths.set(backup, inCycle ? 'cycle detected' : inherit(backup, line[index + 1] ?? next, healths));
    }
  }
  return healths;
}

function inherit(backup: Backup, parent: Backup | undefined, healths: ReadonlyMap<Backup, Health>): Health {
  if (backup.kind === 'full') return 'ok';
  if (parent === undefined) return 'missing parent';
  return healths.get(parent) === 'ok' ? 'ok' : 'parent broken';
}

// By the time they were stored, each after its parent: copying a bucket gives its objects new times.
function parentsFirst(
  sorted: readonly Backup[],
  parentOf: ParentOf,
  healths: ReadonlyMap<Backup, Health>,
): ReadonlySet<Backup> {
  const placed = new Set<Backup>();
  for (const backup of sorted) {
    const line: Backup[] = [];
    let next: Backup | undefined = backup;
    while (next !== undefined && !placed.has(next)) {
      line.push(next);
      next = healths.get(next) === 'cycle detected' ? undefined : parentOf(next);
    }
    for (const member of line.reverse()) placed.add(member);
  }
  return placed;
}

function byTimeStored(a: Backup, b: Backup): number {
  return a.storedAt.getTime() - b.storedAt.getTime() || (a.snapshot < b.snapshot ? -1 : 1);
}

/** The chain that restores `snapshot` (the part after the `@`) into an empty place. */
export function chainTo(lineage: Lineage, snapshot: string): Chain | BrokenChain | NoSuchBackup {
  const entry = entriesByName(lineage).get(snapshot);
  if (entry === undefined) {
    const stored = lineage.entries.map(({ backup }) => backup.snapshot);
    return { kind: 'no-such-backup', dataset: lineage.dataset, asked: snapshot, stored };
  }
  if (entry.health !== 'ok') return brokenChain(lineage, entry);
  const parentOf = linkEntries(lineage);
  const backups: Backup[] = [];
  for (let next: LineageEntry | undefined = entry; next !== undefined; next = parentOf(next)) {
    backups.push(next.backup);
  }
  return { kind: 'chain', backups: backups.reverse() };
}

/** Finds where the chain of an entry that is not `ok` breaks. */
export function brokenChain(lineage: Lineage, entry: LineageEntry): BrokenChain {
  const parentOf = linkEntries(lineage);
  let culprit = entry;
  while (culprit.health === 'parent broken') {
    const parent = parentOf(culprit);
    if (parent === undefined) break;
    culprit = parent;
  }
  return {
    kind: 'broken-chain',
    dataset: lineage.dataset,
    snapshot: entry.backup.snapshot,
    health: entry.health,
    culprit,
  };
}
