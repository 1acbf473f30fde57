import type { Backup, Lineage, LineageEntry } from './backup.ts';
import { lossSentences } from './conflict-error.ts';
import type { Losses, RestoreConflict } from './conflicts.ts';
import { brokenChain } from './lineage.ts';
import { type LocalMatch, matchLocal, type SnapshotIdentity } from './match.ts';
import { entriesByName, linkEntries } from './parents.ts';
import { resolveName } from './resolve-name.ts';
import { inCreationOrder, type Snapshot } from './snapshot.ts';

/** What is at the target now. */
export interface TargetState {
  readonly snapshots: readonly Snapshot[];
  /**
   * Bytes changed since the newest snapshot. `undefined` (an old ZFS cannot tell) counts as none: without `-F`
   * `zfs receive` itself refuses a target that was modified.
   */
  readonly writtenBytes: number | undefined;
}

export interface RestoreRequest {
  /** Of the dataset whose backups they are. */
  readonly lineage: Lineage;
  /** What to restore, as a person wrote it. */
  readonly snapshot: string;
  readonly snapshotPrefix?: string | undefined;
  /** The dataset that receives; its state is `undefined` when it does not exist. */
  readonly target: { readonly name: string; readonly state: TargetState | undefined };
  /** Whether the target is the dataset that was backed up. */
  readonly original: boolean;
  /** Consent to every loss that the plan would list. */
  readonly force: boolean;
}

export interface RestorePlan {
  readonly kind: 'plan';
  /** The dataset whose backups they are. */
  readonly dataset: string;
  /** The name that was meant, after the `@`. */
  readonly snapshot: string;
  readonly target: string;
  /** The target's snapshot that the first step builds on; `undefined` when that is a full. */
  readonly base: Snapshot | undefined;
  /** What to receive, oldest first; empty when the target has the snapshot. */
  readonly steps: readonly Backup[];
  /** Receive with `-F`: only ever after `force`, and never into a dataset that did not exist. */
  readonly force: boolean;
  /** What is destroyed, one phrase each; empty unless forced. */
  readonly losses: readonly string[];
  readonly notes: readonly string[];
}

/** The way from the nearest ancestor that the target has (or from the full) to the backup. */
interface Route {
  readonly kind: 'route';
  readonly base: Snapshot | undefined;
  readonly steps: readonly Backup[];
  readonly notes: readonly string[];
}

export function planRestore(request: RestoreRequest): RestorePlan | RestoreConflict {
  const entry = chooseBackup(request);
  if ('kind' in entry) return entry;
  const { target, lineage } = request;
  const snapshots = inCreationOrder(target.state?.snapshots ?? []);
  const route = findRoute(lineage, entry, matchLocal(snapshots));
  if (route.kind !== 'route') return route;
  const plan: RestorePlan = {
    kind: 'plan',
    dataset: lineage.dataset,
    snapshot: entry.backup.snapshot,
    target: target.name,
    base: route.base,
    steps: route.steps,
    force: false,
    losses: [],
    notes: route.notes,
  };
  if (target.state === undefined || route.steps.length === 0) return plan;
  return planOver(request, plan, snapshots);
}

function chooseBackup(request: RestoreRequest): LineageEntry | RestoreConflict {
  const { lineage, snapshot: asked, snapshotPrefix = '' } = request;
  const { dataset } = lineage;
  const entries = entriesByName(lineage);
  const names = [...entries.keys()];
  const answer = resolveName({ what: 'backup', dataset, asked, snapshotPrefix, names });
  const unknown = { kind: 'no-such-backup', dataset, asked, stored: names } as const;
  if (answer.kind === 'found') return entries.get(answer.name) ?? unknown;
  return answer.kind === 'unknown' ? unknown : answer;
}

// A chain that is broken further back than the target needs is no obstacle; a cycle leads nowhere at all.
function findRoute(
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

function planOver(
  request: RestoreRequest,
  plan: RestorePlan,
  snapshots: readonly Snapshot[],
): RestorePlan | RestoreConflict {
  const { target, original, force } = request;
  const { base, snapshot } = plan;
  if (base === undefined && snapshots.length > 0) {
    const present = snapshots.map(({ name }) => name);
    return { kind: 'target-conflict', target: target.name, original, snapshot, present };
  }
  const kept = base === undefined ? [] : snapshots.slice(0, snapshots.indexOf(base) + 1);
  const inTheWay = findNamesake(kept, plan.steps);
  if (inTheWay) return { kind: 'same-name-other-snapshot', dataset: target.name, ...inTheWay };
  const losses: Losses = {
    snapshots: snapshots.slice(kept.length),
    writtenBytes: target.state?.writtenBytes,
    everything: base === undefined,
  };
  const loses = losses.everything || losses.snapshots.length > 0 || (losses.writtenBytes ?? 0) > 0;
  if (loses && !force) return { kind: 'would-lose-data', target: target.name, snapshot, base, losses };
  return { ...plan, force, losses: loses ? lossSentences(target.name, losses) : [] };
}

// What is newer than the base goes anyway; a snapshot that stays and has the name of one that comes cannot be solved.
function findNamesake(
  kept: readonly Snapshot[],
  steps: readonly Backup[],
): { readonly local: Snapshot; readonly backup: Backup } | undefined {
  const byName = new Map(kept.map((snapshot) => [snapshot.name, snapshot]));
  for (const backup of steps) {
    const local = byName.get(backup.snapshot);
    if (local) return { local, backup };
  }
  return undefined;
}
