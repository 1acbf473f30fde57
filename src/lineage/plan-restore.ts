import type { Backup, Lineage } from './backup.ts';
import { type BackupChoice, chooseBackup } from './choose-backup.ts';
import { lossSentences } from './conflict-error.ts';
import type { Losses, RestoreConflict } from './conflicts.ts';
import { findRoute } from './find-route.ts';
import type { MarkStep, Marks } from './marks.ts';
import { matchLocal } from './match.ts';
import type { PartialReceive } from './partial-receive.ts';
import { isOurMark, planGoingBack } from './plan-marks.ts';
import { isReplication } from './send-flags.ts';
import { inCreationOrder, type Snapshot } from './snapshot.ts';

/** What is at the target now. */
export interface TargetState {
  readonly snapshots: readonly Snapshot[];
  /**
   * Bytes changed since the newest snapshot. `undefined` (an old ZFS cannot tell) asks for no consent by itself, for
   * without `-F` `zfs receive` refuses a target that was modified; where something is lost anyway it is among it.
   */
  readonly writtenBytes: number | undefined;
  /** What an interrupted receive left. */
  readonly partial?: PartialReceive;
  readonly marks?: Marks;
}

export interface RestoreRequest {
  /** Of the dataset whose backups they are. */
  readonly lineage: Lineage;
  readonly choice: BackupChoice;
  readonly snapshotPrefix?: string | undefined;
  /** When snapshots were taken, by guid, as far as this machine knows; for a choice by time. */
  readonly takenAt?: ReadonlyMap<string, Date>;
  /** The dataset that receives; its state is `undefined` when it does not exist. */
  readonly target: { readonly name: string; readonly state: TargetState | undefined };
  /** Whether the target is the dataset that was backed up. */
  readonly original: boolean;
  /** Consent to every loss that the plan would list. */
  readonly force: boolean;
  /** Drop what an interrupted receive left at the target. */
  readonly abortPartial?: boolean;
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
  /** What to drop before all, of an interrupted receive. */
  readonly drops: PartialReceive | undefined;
  /** What to receive, oldest first; empty when the target has the snapshot. */
  readonly steps: readonly Backup[];
  /** What the first step goes on with. */
  readonly continues: PartialReceive | undefined;
  /** Receive with `-F`: only ever after `force`, and never into a dataset that did not exist. */
  readonly force: boolean;
  /** What is destroyed, one phrase each; empty unless forced. */
  readonly losses: readonly string[];
  /** What must go before anything is received: our holds on what is lost, bookmarks of what is undone. */
  readonly marks: readonly MarkStep[];
  readonly notes: readonly string[];
  /** Those of them that tell of something wrong: for who hears nothing of what goes well, too. */
  readonly warnings?: readonly string[];
}

export function planRestore(request: RestoreRequest): RestorePlan | RestoreConflict {
  const { target, lineage, choice, snapshotPrefix = '', takenAt = new Map() } = request;
  const chosen = chooseBackup({ lineage, choice, snapshotPrefix, takenAt });
  if (chosen.kind !== 'chosen') return chosen;
  const { entry } = chosen;
  const snapshots = inCreationOrder(target.state?.snapshots ?? []);
  const route = findRoute(lineage, entry, matchLocal(snapshots));
  if (route.kind !== 'route') return route;
  const partial = planPartial(request, route.steps[0], entry.backup.snapshot);
  if ('kind' in partial) return partial;
  const plan: RestorePlan = {
    kind: 'plan',
    dataset: lineage.dataset,
    snapshot: entry.backup.snapshot,
    target: target.name,
    base: route.base,
    drops: partial.drops,
    steps: route.steps,
    continues: partial.continues,
    force: false,
    losses: [],
    marks: [],
    notes: [...chosen.notes, ...route.notes, ...partial.notes],
    warnings: chosen.warnings ?? [],
  };
  const isNew = target.state === undefined || target.state.partial?.isAll;
  return isNew || route.steps.length === 0 ? plan : planOver(request, plan, snapshots);
}

interface PartialPlan {
  readonly drops: PartialReceive | undefined;
  readonly continues: PartialReceive | undefined;
  readonly notes: readonly string[];
}

/** What becomes of what an interrupted receive left: gone on with, dropped if asked to, or in the way. */
function planPartial(
  { target, abortPartial }: RestoreRequest,
  next: Backup | undefined,
  snapshot: string,
): PartialPlan | RestoreConflict {
  const partial = target.state?.partial;
  const plan: PartialPlan = { drops: undefined, continues: undefined, notes: [] };
  if (partial === undefined) return plan;
  if (abortPartial) return { ...plan, drops: partial };
  if (next === undefined) {
    const what = partial.name === undefined ? '' : ` of ${partial.name}`;
    return {
      ...plan,
      notes: [`${target.name} holds what an interrupted receive${what} left; --abort-partial drops it.`],
    };
  }
  if (!isOf(partial, next)) return { kind: 'partial-in-the-way', target: target.name, partial, snapshot };
  return { ...plan, continues: partial };
}

/** By the guid; an object that does not tell its own goes by the name that the stream had. */
function isOf(partial: PartialReceive, backup: Backup): boolean {
  if (partial.guid === undefined) return false;
  if (backup.guid !== undefined) return partial.guid === backup.guid;
  return partial.name === `${backup.dataset}@${backup.snapshot}`;
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
  const newer = snapshots.slice(kept.length);
  const marks = planGoingBack(target.name, target.state?.marks, { base, lost: newer });
  const losses: Losses = {
    snapshots: newer,
    bookmarks: marks
      .flatMap((step) => (step.do === 'drop bookmark' ? [step.bookmark] : []))
      .filter(isForeign),
    writtenBytes: target.state?.writtenBytes,
    everything: base === undefined,
  };
  const loses = losses.everything || losses.snapshots.length > 0 || (losses.writtenBytes ?? 0) > 0;
  if (loses && !force) return { kind: 'would-lose-data', target: target.name, snapshot, base, losses };
  if (!force) return plan;
  const lost = [...lossSentences(target.name, base, losses), ...lossesBelow(target.name, plan.steps[0])];
  return { ...plan, force, marks, losses: lost };
}

/** What `receive -F` makes of a package of several datasets: a copy, and nothing besides. */
function lossesBelow(target: string, first: Backup | undefined): readonly string[] {
  if (!isReplication(first?.sendFlags)) return [];
  return [`every snapshot of ${target}, and every dataset below it, that the stream does not have`];
}

function isForeign(bookmark: string): boolean {
  return !isOurMark(bookmark);
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
