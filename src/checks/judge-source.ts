import type { SourceFacts } from '../sources/source-facts.ts';
import { type Fault, type Finding, note, ok, problem, warning } from './finding.ts';

/** A backup needs the first; the others keep what the next one builds on. */
const NEEDED = 'send';
const MARKS = ['bookmark', 'hold', 'release'];

export interface DatasetFacts {
  readonly dataset: string;
  /** What reading it failed with. */
  readonly fault?: Fault | undefined;
  readonly snapshots: number;
  /** Of them: those that would be backed up. */
  readonly matching: number;
  readonly snapshotPrefix: string;
  /** Datasets right below that are not in its backups, and have no section. */
  readonly uncovered: readonly string[];
}

/** Whether the datasets can be read and sent by this user. */
export function judgeSource(
  facts: SourceFacts | Fault,
  datasets: readonly DatasetFacts[],
): readonly Finding[] {
  if ('code' in facts) return [problem('zfs', facts)];
  const { program, lacks, user, isRoot, allowed } = facts;
  return [
    ok('zfs', `${program}, run as ${user}`),
    ...lacks.map((what) => note('zfs', what)),
    ...datasets.flatMap((dataset) => [
      ...judgeDataset(dataset),
      ...judgeUncovered(dataset),
      ...(isRoot || dataset.fault ? [] : judgeAllowed(dataset.dataset, user, allowed.get(dataset.dataset))),
    ]),
  ];
}

function judgeDataset({
  dataset,
  fault,
  snapshots,
  matching,
  snapshotPrefix,
}: DatasetFacts): readonly Finding[] {
  if (fault) return [problem('zfs', fault)];
  if (matching > 0) {
    // which of them the store has already is not looked at
    const count = `${matching} ${matching === 1 ? 'snapshot' : 'snapshots'}`;
    const those = snapshotPrefix === '' ? '' : ` whose name begins with ${snapshotPrefix}`;
    return [ok('zfs', `${dataset} has ${count}${those}`)];
  }
  const those = snapshotPrefix === '' ? '' : ` whose name begins with ${snapshotPrefix}`;
  const message = `${dataset} has no snapshot${those} (${snapshots} in all)`;
  const advice = 'Take one, or set SNAPSHOT_PREFIX to what yours begin with.';
  return [problem('zfs', { code: 'NO_SUCH_SNAPSHOT', message, advice })];
}

function judgeUncovered({ dataset, uncovered }: DatasetFacts): readonly Finding[] {
  if (uncovered.length === 0) return [];
  const what = `below ${dataset}, not in its backups and without a section: ${uncovered.join(', ')}`;
  return [warning('zfs', what, 'Write a section [fs:DATASET] for each that shall be backed up.')];
}

function judgeAllowed(
  dataset: string,
  user: string,
  allowed: readonly string[] | undefined,
): readonly Finding[] {
  if (allowed === undefined) {
    return [note('zfs', `what ${user} may do with ${dataset} cannot be read`)];
  }
  const line = (permissions: readonly string[]) =>
    `As root: zfs allow -u ${user} ${permissions.join(',')} ${dataset}`;
  if (!allowed.includes(NEEDED)) {
    const message = `${user} may not send ${dataset}`;
    return [problem('zfs', { code: 'PROCESS_FAILED', message, advice: line([NEEDED, ...MARKS]) })];
  }
  const missing = MARKS.filter((permission) => !allowed.includes(permission));
  if (missing.length === 0)
    return [ok('zfs', `${user} may send ${dataset} and mark what the next backup needs`)];
  const what = `${user} may not ${missing.join(', ')} at ${dataset}: what the next backup builds on is not kept`;
  return [warning('zfs', what, line(missing))];
}
