import type { Lineage, LineageEntry } from './backup.ts';
import type { AmbiguousName, NoSuchBackup, OtherDataset } from './conflicts.ts';
import type { BackupName } from './key.ts';
import { entriesByName, linkEntries } from './parents.ts';
import { resolveName } from './resolve-name.ts';
import { type Sample, takeSample } from './sample.ts';

/** 1: what listings tell. 2: every stored byte, decoded and inspected. 3: received by ZFS. */
export type VerifyLevel = 1 | 2 | 3;

/** A record whose object is not there. */
export interface LostBackup extends BackupName {
  readonly key: string;
  readonly recordKey: string;
}

export interface VerifyRequest {
  readonly lineages: readonly Lineage[];
  readonly lost: readonly LostBackup[];
  /** As a person wrote them, with the dataset that each is looked for in; none of them: all backups. */
  readonly asked: readonly { readonly dataset: string; readonly snapshot: string }[];
  readonly snapshotPrefix: string;
  readonly level: VerifyLevel;
  /** Level 1 for all, what is above it for a sample only. */
  readonly sample?: Sample | undefined;
}

/** One object to look at, once. */
export interface VerifyItem {
  readonly entry: LineageEntry;
  /** What it builds on, where the store has that. */
  readonly parent: LineageEntry | undefined;
  readonly level: VerifyLevel;
}

export interface VerifyPlan {
  readonly kind: 'plan';
  /** Chain by chain; parents before what builds on them, and that right behind them as far as they do not branch. */
  readonly items: readonly VerifyItem[];
  readonly lost: readonly LostBackup[];
}

export type VerifyConflict = NoSuchBackup | AmbiguousName | OtherDataset;

/** What to look at, and how closely: each backup that is asked for and all that it descends from. */
export function planVerify(request: VerifyRequest): VerifyPlan | VerifyConflict {
  const { lineages, lost, asked, level, sample } = request;
  const named: BackupName[] = [];
  for (const question of asked) {
    const answer = findNamed(request, question);
    if ('kind' in answer) return answer;
    named.push(answer);
  }
  const chains = lineages.flatMap((lineage) => {
    const names = named.filter(({ dataset }) => dataset === lineage.dataset).map(({ snapshot }) => snapshot);
    return chainByChain(lineage, asked.length === 0 ? undefined : new Set(names));
  });
  const levels = createLevels(chains, level, sample);
  return {
    kind: 'plan',
    items: chains.map((linked) => ({ ...linked, level: levels(linked) })),
    lost: asked.length === 0 ? lost : lost.filter((each) => isNeeded(each, named, chains)),
  };
}

function findNamed(
  { lineages, lost, snapshotPrefix }: VerifyRequest,
  { dataset, snapshot: asked }: VerifyRequest['asked'][number],
): BackupName | VerifyConflict {
  const lineage = lineages.find((each) => each.dataset === dataset);
  const stored = (lineage?.entries ?? []).map(({ backup }) => backup.snapshot);
  const gone = lost.filter((each) => each.dataset === dataset).map(({ snapshot }) => snapshot);
  const answer = resolveName({
    ...{ what: 'backup', dataset, asked, snapshotPrefix },
    names: [...stored, ...gone],
  });
  if (answer.kind === 'found') return { dataset, snapshot: answer.name };
  return answer.kind === 'unknown' ? { kind: 'no-such-backup', dataset, asked, stored } : answer;
}

type Linked = Pick<VerifyItem, 'entry' | 'parent'>;

/** The chosen backups and all that they descend from, each once; every backup where none was chosen. */
function chainByChain(lineage: Lineage, chosen: ReadonlySet<string> | undefined): readonly Linked[] {
  const parentOf = linkEntries(lineage);
  const parents = new Map(lineage.entries.map((entry) => [entry, parentOf(entry)]));
  const wanted = chosen ? withAncestors(lineage, chosen, parents) : new Set(lineage.entries);
  const children = new Map<LineageEntry | undefined, LineageEntry[]>();
  for (const entry of lineage.entries) {
    if (!wanted.has(entry)) continue;
    const parent = isRoot(entry, parents) ? undefined : parents.get(entry);
    const known = children.get(parent);
    if (known) known.push(entry);
    else children.set(parent, [entry]);
  }
  const walked: Linked[] = [];
  // A stack in place of recursion: a chain may be thousands long.
  const stack = (children.get(undefined) ?? []).toReversed();
  for (let entry = stack.pop(); entry; entry = stack.pop()) {
    walked.push({ entry, parent: parents.get(entry) });
    stack.push(...(children.get(entry) ?? []).toReversed());
  }
  return walked;
}

// The members of a cycle have parents, but no place to begin.
function isRoot(entry: LineageEntry, parents: ReadonlyMap<LineageEntry, LineageEntry | undefined>): boolean {
  return entry.health === 'cycle detected' || parents.get(entry) === undefined;
}

function withAncestors(
  lineage: Lineage,
  chosen: ReadonlySet<string>,
  parents: ReadonlyMap<LineageEntry, LineageEntry | undefined>,
): ReadonlySet<LineageEntry> {
  const byName = entriesByName(lineage);
  const wanted = new Set<LineageEntry>();
  for (const name of chosen) {
    let next = byName.get(name);
    while (next && !wanted.has(next)) {
      wanted.add(next);
      next = parents.get(next);
    }
  }
  return wanted;
}

function createLevels(
  chains: readonly Linked[],
  level: VerifyLevel,
  sample: Sample | undefined,
): (linked: Linked) => VerifyLevel {
  if (sample === undefined || level === 1) return ({ entry }) => levelOf(entry, level);
  const inSample = takeSample(
    chains.map(({ entry }) => entry.backup.key),
    sample,
  );
  const parents = new Map(chains.map(({ entry, parent }) => [entry, parent]));
  const taken = new Set<LineageEntry>();
  for (const { entry } of chains) {
    if (!inSample.has(entry.backup.key)) continue;
    taken.add(entry);
    // What a backup builds on must be received before it.
    let next = level === 3 ? parents.get(entry) : undefined;
    while (next && !taken.has(next)) {
      taken.add(next);
      next = parents.get(next);
    }
  }
  return ({ entry }) => (taken.has(entry) ? levelOf(entry, level) : 1);
}

/** A broken chain cannot be received; what there is of it can be read. */
function levelOf({ health }: LineageEntry, level: VerifyLevel): VerifyLevel {
  return level === 3 && health !== 'ok' ? 2 : level;
}

/** Whether somebody named it, or what they named builds on it. */
function isNeeded(lost: LostBackup, named: readonly BackupName[], chains: readonly Linked[]): boolean {
  const { dataset, snapshot } = lost;
  if (named.some((name) => name.dataset === dataset && name.snapshot === snapshot)) return true;
  return chains.some(
    ({ entry: { backup, health } }) =>
      health === 'missing parent' && backup.dataset === dataset && backup.parent === snapshot,
  );
}
