import type { Lineage } from './backup.ts';
import type { BackupConflict, SameNameOtherSnapshot } from './conflicts.ts';
import { brokenChain } from './lineage.ts';
import { matchStored, type StoredMatch } from './match.ts';
import { entriesByName } from './parents.ts';
import { resolveName } from './resolve-name.ts';
import { inCreationOrder, type Snapshot } from './snapshot.ts';

export interface BackupRequest {
  readonly dataset: string;
  /** All that the dataset has, whatever their names. */
  readonly snapshots: readonly Snapshot[];
  readonly lineage: Lineage;
  /** Selects what is sent by default; empty selects everything. */
  readonly snapshotPrefix: string;
  /** `auto`: incrementals, or a full when the store has nothing yet. */
  readonly mode: 'auto' | 'full' | 'incremental';
  /** When the store has nothing yet: begin with the oldest matching snapshot, not with the target. */
  readonly history?: boolean | undefined;
  /** The snapshot to back up, as a person wrote it; by default the newest one with the prefix. */
  readonly target?: string | undefined;
}

/** One object to be made. */
export interface BackupStep {
  readonly kind: 'full' | 'incremental';
  readonly dataset: string;
  readonly snapshot: Snapshot;
  /** The local snapshot to send from. */
  readonly parent: Snapshot | undefined;
  /** What the parent is called in the store, which its metadata must say: another name after a local rename. */
  readonly parentName: string | undefined;
}

export interface BackupPlan {
  readonly kind: 'plan';
  readonly dataset: string;
  /** Oldest first; empty when there is nothing to do. */
  readonly steps: readonly BackupStep[];
  /** Sentences for the person who asked. */
  readonly notes: readonly string[];
}

type Match = (snapshot: Snapshot) => StoredMatch;

/**
 * The objects that bring the store up to the target, each building on the one before, the first on the newest local
 * snapshot that has a backup (the anchor; the prefix selects what is sent, not what may be built on).
 */
export function planBackup(request: BackupRequest): BackupPlan | BackupConflict {
  const local = inCreationOrder(request.snapshots);
  const target = chooseTarget(request, local);
  if ('kind' in target) return target;
  const stored = matchStored(request.lineage);
  if (request.mode === 'full') return planFull(request, target, stored);
  return planIncrementals(request, local.slice(0, local.indexOf(target) + 1), target, stored);
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

function planFull(request: BackupRequest, target: Snapshot, stored: Match): BackupPlan | BackupConflict {
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
  return { kind: 'plan', dataset, steps: [fullOf(dataset, target)], notes };
}

function planIncrementals(
  request: BackupRequest,
  upToTarget: readonly Snapshot[],
  target: Snapshot,
  stored: Match,
): BackupPlan | BackupConflict {
  const { dataset, lineage, snapshotPrefix } = request;
  const matches = upToTarget.map((snapshot) => stored(snapshot));
  const at = matches.findLastIndex(({ kind }) => kind === 'same');
  const wanted = upToTarget
    .slice(at + 1)
    .filter((snapshot) => snapshot === target || snapshot.name.startsWith(snapshotPrefix));
  const anchor = upToTarget[at];
  const match = matches[at];
  if (anchor === undefined || match?.kind !== 'same')
    return planWithoutAnchor(request, wanted, target, stored);
  if (match.entry.health !== 'ok') return brokenChain(lineage, match.entry);
  if (anchor === target) return nothingToDo(dataset, target, match.entry.backup.snapshot);
  const taken = findTaken(dataset, wanted, stored);
  if (taken) return taken;
  const notes: string[] = [];
  const anchorName = match.entry.backup.snapshot;
  if (anchorName !== anchor.name) {
    notes.push(`${dataset}@${anchor.name} is in the store under its former name ${anchorName}.`);
  }
  if (request.history) notes.push('The store has backups already: going on from the newest one.');
  return { kind: 'plan', dataset, steps: link(dataset, wanted, { anchor, name: anchorName }), notes };
}

function planWithoutAnchor(
  request: BackupRequest,
  wanted: readonly Snapshot[],
  target: Snapshot,
  stored: Match,
): BackupPlan | BackupConflict {
  const { dataset, lineage, mode, history } = request;
  if (lineage.entries.length === 0 && mode === 'auto') {
    return history ? planHistory(dataset, wanted) : planFirst(dataset, target, wanted.length - 1);
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

function planFirst(dataset: string, target: Snapshot, older: number): BackupPlan {
  const notes = [
    `The store has no backup of ${dataset} yet: starting with a full one of ${dataset}@${target.name}.`,
  ];
  if (older > 0) {
    notes.push(
      `${older} older ${older === 1 ? 'snapshot is' : 'snapshots are'} left out; --history sends them too.`,
    );
  }
  return { kind: 'plan', dataset, steps: [fullOf(dataset, target)], notes };
}

function planHistory(dataset: string, wanted: readonly Snapshot[]): BackupPlan {
  const oldest = wanted[0]?.name;
  const note = `The store has no backup of ${dataset} yet: starting with a full one of the oldest snapshot, ${dataset}@${oldest}.`;
  return { kind: 'plan', dataset, steps: link(dataset, wanted), notes: [note] };
}

function nothingToDo(dataset: string, target: Snapshot, storedName: string): BackupPlan {
  const as = storedName === target.name ? '' : ` under its former name ${storedName}`;
  const note = `${dataset}@${target.name} is in the store already${as}: nothing to do.`;
  return { kind: 'plan', dataset, steps: [], notes: [note] };
}

function fullOf(dataset: string, snapshot: Snapshot): BackupStep {
  return { kind: 'full', dataset, snapshot, parent: undefined, parentName: undefined };
}

/** Each on the one before it; the first on the anchor, or as a full where there is none. */
function link(
  dataset: string,
  wanted: readonly Snapshot[],
  from?: { readonly anchor: Snapshot; readonly name: string },
): readonly BackupStep[] {
  return wanted.map((snapshot, index) => {
    const parent = index === 0 ? from?.anchor : wanted[index - 1];
    if (parent === undefined) return fullOf(dataset, snapshot);
    const parentName = index === 0 && from ? from.name : parent.name;
    return { kind: 'incremental', dataset, snapshot, parent, parentName };
  });
}

function findTaken(
  dataset: string,
  wanted: readonly Snapshot[],
  stored: Match,
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
