import type { Backup, Lineage, LineageEntry } from './backup.ts';
import type { RestoreConflict } from './conflicts.ts';
import { brokenChain } from './lineage.ts';
import type { LocalMatch, SnapshotIdentity } from './match.ts';
import { linkEntries } from './parents.ts';
import type { Snapshot } from './snapshot.ts';

/** The way from the nearest ancestor that the target has (or from the full) to the backup. */
export interface Route {
  readonly kind: 'route';
  readonly base: Snapshot | undefined;
  readonly steps: readonly Backup[];
  readonly notes: readonly string[];
}

/** A chain that is broken further back than the target needs is no obstacle; a cycle leads nowhere at all. */
export function findRoute(
  lineage: Lineage,
  entry: LineageEntry,
  present: (backup: SnapshotIdentity) => LocalMatch,
): Route | RestoreConflict {
  const parentOf = linkEntries(lineage);
  const steps: Backup[] = [];
  const route = (base: Snapshot | undefined, notes: readonly string[]): Route => {
    return { kind: 'route', base, steps: steps.reverse(), notes };
  };
  let next: LineageEntry | undefined = entry;
  while (next !== undefined && next.health !== 'cycle detected') {
    const { backup }: LineageEntry = next;
    const match = present(backup);
    if (match.kind === 'same') {
      return route(match.snapshot, notesOn(lineage, entry, backup, match.snapshot, steps.length));
    }
    steps.push(backup);
    if (backup.kind === 'full') return route(undefined, []);
    if (next.health === 'missing parent') {
      const base = presentParent(backup, present);
      if (base) return route(base, [brokenFurtherBack(lineage.dataset, entry)]);
      break;
    }
    next = parentOf(next);
  }
  return brokenChain(lineage, entry);
}

/** The parent that the store has lost may still be at the target. */
function presentParent(
  backup: Backup,
  present: (backup: SnapshotIdentity) => LocalMatch,
): Snapshot | undefined {
  if (backup.parent === undefined) return undefined;
  const match = present({ snapshot: backup.parent, guid: backup.parentGuid });
  return match.kind === 'same' ? match.snapshot : undefined;
}

function notesOn(
  lineage: Lineage,
  entry: LineageEntry,
  found: Backup,
  base: Snapshot,
  steps: number,
): readonly string[] {
  const notes: string[] = [];
  if (steps === 0)
    notes.push(`The target has ${found.snapshot} already: nothing to do (\`zfs rollback\` goes back to it).`);
  else if (entry.health !== 'ok') notes.push(brokenFurtherBack(lineage.dataset, entry));
  if (found.guid === undefined) {
    notes.push(
      `${found.snapshot} was recognised at the target by its name: its backup does not tell its guid.`,
    );
  } else if (base.name !== found.snapshot) {
    notes.push(`${found.snapshot} is called ${base.name} at the target.`);
  }
  return notes;
}

function brokenFurtherBack(dataset: string, { backup, health }: LineageEntry): string {
  return `The chain of ${dataset}@${backup.snapshot} is broken (${health}), but only before what the target has.`;
}
