import type { Lineage } from './backup.ts';
import type { BackupPlan, BackupRequest, UnmarkedPlan } from './backup-plan.ts';
import { type CommonBase, findCommon } from './common-base.ts';
import type { BackupConflict, SameNameOtherSnapshot } from './conflicts.ts';
import { doubtsOf } from './doubts.ts';
import { leaveMarks } from './leave-marks.ts';
import { brokenChain } from './lineage.ts';
import { matchStored, type StoredMatch } from './match.ts';
import { entriesByName } from './parents.ts';
import { NO_FLAGS, pinFlags } from './pin-flags.ts';
import { resolveName } from './resolve-name.ts';
import { compareDecimals, inCreationOrder, isBookmark, type Snapshot } from './snapshot.ts';
import { link, planFirst, planHistory, startChain } from './start-chain.ts';

export type { BackupPlan, BackupRequest, BackupStep } from './backup-plan.ts';

/** What both sides have, worked out once. */
interface Sides {
  /** In order of creation. */
  readonly local: readonly Snapshot[];
  readonly stored: (snapshot: Snapshot) => StoredMatch;
  /** Oldest first. */
  readonly common: readonly CommonBase[];
}

/**
 * The objects that bring the store up to the target, each building on the one before, the first on the newest that
 * both sides have (the base; the prefix selects what is sent, not what may be built on), be it only a bookmark.
 */
export function planBackup(request: BackupRequest): BackupPlan | BackupConflict {
  const local = inCreationOrder(request.snapshots);
  const target = chooseTarget(request, local);
  if ('kind' in target) return target;
  const { dataset, lineage, marks, mode } = request;
  const stored = matchStored(lineage);
  const common = findCommon({ lineage, snapshots: local, bookmarks: marks?.bookmarks ?? [], stored });
  const sides: Sides = { local, stored, common };
  const plan = mode === 'full' ? planFull(request, target, sides) : planUpTo(request, target, sides);
  if (plan.kind !== 'plan') return plan;
  return { ...plan, dataset, ...leaveMarks(request, plan, common) };
}

function chooseTarget(request: BackupRequest, local: readonly Snapshot[]): Snapshot | BackupConflict {
  const { dataset, snapshotPrefix, target: asked } = request;
  const names = local.map(({ name }) => name);
  if (asked === undefined) {
    const newest = local.findLast(({ name }) => name.startsWith(snapshotPrefix));
    return newest ?? { kind: 'no-snapshot-with-prefix', dataset, snapshotPrefix, local: names };
  }
  const answer = resolveName({ what: 'snapshot', dataset, asked, snapshotPrefix, names });
  const unknown = { kind: 'no-such-snapshot', dataset, asked, local: names } as const;
  if (answer.kind === 'found') return local.find(({ name }) => name === answer.name) ?? unknown;
  return answer.kind === 'unknown' ? unknown : answer;
}

function planFull(
  request: BackupRequest,
  target: Snapshot,
  { stored }: Sides,
): UnmarkedPlan | BackupConflict {
  const { dataset } = request;
  const match = stored(target);
  if (match.kind === 'other') return sameName(dataset, target, match);
  const notes = request.history ? ['A full was asked for: the history before it is left out.'] : [];
  if (match.kind === 'same') {
    const { backup } = match.entry;
    if (backup.kind === 'full') return nothingToDo(dataset, target, backup.snapshot);
    if (backup.snapshot === target.name) return { kind: 'backup-exists', dataset, entry: match.entry };
    // Known under a former name, while its present one belonged to another snapshot when that was backed up.
    const named = entriesByName(request.lineage).get(target.name);
    if (named) return sameName(dataset, target, { kind: 'other', entry: named });
  }
  return startChain(request, [target], notes);
}

function planUpTo(
  request: BackupRequest,
  target: Snapshot,
  { local, stored, common }: Sides,
): UnmarkedPlan | BackupConflict {
  const { dataset, lineage, snapshotPrefix } = request;
  const upToTarget = local.slice(0, local.indexOf(target) + 1);
  const match = stored(target);
  if (match.kind === 'same') {
    if (match.entry.health !== 'ok') return brokenChain(lineage, match.entry);
    return nothingToDo(dataset, target, match.entry.backup.snapshot);
  }
  const within = new Set<unknown>(upToTarget);
  const reachable = common.filter(({ local: each }) =>
    isBookmark(each) ? compareDecimals(each.createtxg, target.createtxg) < 0 : within.has(each),
  );
  const newest = reachable.at(-1);
  const whole = reachable.filter(({ entry }) => entry.health === 'ok');
  const doubts = doubtsOf(lineage);
  const base = whole.findLast(({ entry }) => !doubts.has(entry)) ?? whole.at(-1);
  if (newest && base === undefined) return brokenChain(lineage, newest.entry);
  const wanted = upToTarget
    .slice(base === undefined ? 0 : positionOf(base, upToTarget) + 1)
    .filter((snapshot) => snapshot === target || snapshot.name.startsWith(snapshotPrefix))
    .filter((snapshot) => stored(snapshot).kind !== 'same');
  if (base === undefined || newest === undefined) return planWithoutBase(request, wanted, target, stored);
  const taken = findTaken(dataset, wanted, stored);
  return taken ?? planOn(request, wanted, base, newest);
}

/** Of the newest snapshot that is not newer than the base. */
function positionOf({ local }: CommonBase, snapshots: readonly Snapshot[]): number {
  if (!isBookmark(local)) return snapshots.indexOf(local);
  return snapshots.findLastIndex(({ createtxg }) => compareDecimals(createtxg, local.createtxg) <= 0);
}

function planOn(
  request: BackupRequest,
  wanted: readonly Snapshot[],
  base: CommonBase,
  newest: CommonBase,
): UnmarkedPlan | BackupConflict {
  const { dataset, lineage, flags = NO_FLAGS, mode } = request;
  const pinned = pinFlags(lineage, base.entry, flags);
  const name = base.entry.backup.snapshot;
  if (pinned.kind === 'changed') {
    const { why } = pinned;
    if (mode === 'incremental') return { kind: 'send-flags-changed', dataset, base: name, why };
    return startChain(request, wanted, [`A new chain starts with a full backup, for ${why}.`]);
  }
  const warnings = newest === base ? [] : [whyNot(lineage, dataset, newest, name)];
  const doubt = doubtsOf(lineage).get(base.entry);
  if (doubt !== undefined) {
    warnings.push(
      `${dataset}@${name}: ${doubt}. \`zfs3backup verify --level 2\` reads it; --full begins a new chain.`,
    );
  }
  const notes = [...noteBase(dataset, base), ...pinned.notes, ...warnings];
  if (request.history) notes.push('The store has backups already: going on from the newest one.');
  return { kind: 'plan', steps: link(dataset, wanted, pinned.flags, base), notes, warnings };
}

function whyNot(lineage: Lineage, dataset: string, { entry }: CommonBase, base: string): string {
  const { backup, health } = entry;
  const chain = `The chain of ${dataset}@${backup.snapshot}`;
  if (health !== 'ok') return `${chain} is broken (${health}): going on from ${base}.`;
  return `${chain} is doubtful (${doubtsOf(lineage).get(entry)}): going on from ${base}.`;
}

function noteBase(dataset: string, { local, entry }: CommonBase): readonly string[] {
  const name = entry.backup.snapshot;
  if (isBookmark(local)) {
    return [`${dataset}@${name} is gone here: going on from its bookmark #${local.name}.`];
  }
  if (name === local.name) return [];
  return [`${dataset}@${local.name} is in the store under its former name ${name}.`];
}

function planWithoutBase(
  request: BackupRequest,
  wanted: readonly Snapshot[],
  target: Snapshot,
  stored: (snapshot: Snapshot) => StoredMatch,
): UnmarkedPlan | BackupConflict {
  const { dataset, lineage, mode, history } = request;
  if (lineage.entries.length === 0 && mode === 'auto') {
    return history ? planHistory(request, wanted) : planFirst(request, target, wanted.length - 1);
  }
  const taken = findTaken(dataset, [target], stored);
  if (taken) return taken;
  return {
    kind: 'no-common-snapshot',
    dataset,
    target: target.name,
    stored: lineage.entries.map(({ backup }) => backup.snapshot),
    local: inCreationOrder(request.snapshots).map(({ name }) => name),
  };
}

function nothingToDo(dataset: string, target: Snapshot, storedName: string): UnmarkedPlan {
  const as = storedName === target.name ? '' : ` under its former name ${storedName}`;
  const note = `${dataset}@${target.name} is in the store already${as}: nothing to do.`;
  return { kind: 'plan', steps: [], notes: [note] };
}

function findTaken(
  dataset: string,
  wanted: readonly Snapshot[],
  stored: (snapshot: Snapshot) => StoredMatch,
): SameNameOtherSnapshot | undefined {
  for (const snapshot of wanted) {
    const match = stored(snapshot);
    if (match.kind === 'other') return sameName(dataset, snapshot, match);
  }
  return undefined;
}

function sameName(dataset: string, local: Snapshot, match: StoredMatch & { kind: 'other' }) {
  return {
    kind: 'same-name-other-snapshot',
    dataset,
    local,
    backup: match.entry.backup,
  } satisfies SameNameOtherSnapshot;
}
