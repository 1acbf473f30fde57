import { type Area, type Finding, note, ok, problem } from './checks/finding.ts';
import { judgeBackups, judgeUploads } from './checks/judge-backups.ts';
import { judgeFilter } from './checks/judge-filter.ts';
import { judgeMachine } from './checks/judge-machine.ts';
import { type DatasetFacts, judgeSource } from './checks/judge-source.ts';
import { judgeStore } from './checks/judge-store.ts';
import { Zfs3BackupError } from './errors.ts';
import { findUncovered } from './lineage/uncovered.ts';
import { noSuchDataset } from './reading/no-such-dataset.ts';
import { readLineage } from './reading/read-lineage.ts';
import { readAvailableMemory } from './reading/read-machine.ts';
import type { SnapshotSource } from './sources/source.ts';
import { tryFilters, type WantedFilters } from './steps/try-filter.ts';
import type { CallOptions, ObjectStore } from './store/object-store.ts';
import { DEFAULT_MAX_MEMORY } from './transfer/plan-transfer.ts';

export type { Area, Finding, Verdict } from './checks/finding.ts';

/** What is to be backed up, and how. */
export interface DatasetSetup extends WantedFilters {
  readonly dataset: string;
  /** Empty for all snapshots. */
  readonly snapshotPrefix: string;
  /** Flags of `zfs send`. */
  readonly sendFlags?: readonly string[];
}

export interface DoctorOptions {
  readonly store: ObjectStore;
  readonly source: SnapshotSource;
  readonly datasets: readonly DatasetSetup[];
  /** Of backups without a dataset of their own; tried as well. */
  readonly defaults?: WantedFilters;
  /** For all part buffers together, in bytes; 256 MiB if not given. */
  readonly maxMemory?: number;
  /** The time, for tests. */
  readonly now?: () => Date;
  readonly signal?: AbortSignal;
}

export interface DoctorReport {
  /** The store's URL. */
  readonly store: string;
  /** By area, in the order of what builds on what. */
  readonly findings: readonly Finding[];
}

/**
 * Looks at everything that a backup needs, and at what a person would want to know before relying on it. Leaves nothing
 * behind; throws only when aborted.
 */
export async function doctor(options: DoctorOptions): Promise<DoctorReport> {
  const { store, datasets, maxMemory = DEFAULT_MAX_MEMORY, signal } = options;
  const call: CallOptions = signal ? { signal } : {};
  const [stored, local, filters] = [
    await lookAtStore(options, call),
    await lookAtSource(options, call),
    await lookAtFilters(options, call),
  ];
  const machine = judgeMachine({ availableBytes: readAvailableMemory(), budgetBytes: maxMemory });
  const reachable = !stored.some(({ area, verdict }) => area === 'store' && verdict === 'problem');
  const backups = reachable ? await lookAtBackups(store, datasets, options, call) : [];
  return { store: store.url, findings: [...stored, ...local, ...filters, ...machine, ...backups] };
}

async function lookAtStore(
  { store, now = () => new Date() }: DoctorOptions,
  call: CallOptions,
): Promise<readonly Finding[]> {
  if (!store.describe) return [note('store', `${store.url} cannot be looked at more closely`)];
  return orProblem('store', call, async () =>
    judgeStore(store, (await store.describe?.(call)) ?? { rights: {} }, now()),
  );
}

async function lookAtSource(
  { source, datasets }: DoctorOptions,
  call: CallOptions,
): Promise<readonly Finding[]> {
  const facts = await orFault(call, async () =>
    source.describe?.(
      datasets.map(({ dataset }) => dataset),
      call,
    ),
  );
  if (facts === undefined) return [];
  if ('code' in facts) return judgeSource(facts, []);
  const read: DatasetFacts[] = [];
  const covered = datasets.map(({ dataset }) => dataset);
  for (const setup of datasets) read.push(await readDataset(source, setup, covered, call));
  return judgeSource(facts, read);
}

async function readDataset(
  source: SnapshotSource,
  { dataset, snapshotPrefix, sendFlags = [] }: DatasetSetup,
  covered: readonly string[],
  call: CallOptions,
): Promise<DatasetFacts> {
  const state = await orFault(call, () => source.readDataset(dataset, call));
  const none = { dataset, snapshots: 0, matching: 0, snapshotPrefix, uncovered: [] };
  if (state === undefined) return { ...none, fault: noSuchDataset(dataset) };
  if ('code' in state) return { ...none, fault: state };
  const matching = state.snapshots.filter(({ name }) => name.startsWith(snapshotPrefix)).length;
  const uncovered = findUncovered(state.children ?? [], { covered, sendFlags });
  return { dataset, snapshots: state.snapshots.length, matching, snapshotPrefix, uncovered };
}

/** Each way once, however many datasets go it. */
async function lookAtFilters(
  { datasets, defaults }: DoctorOptions,
  call: CallOptions,
): Promise<readonly Finding[]> {
  const wanted: readonly WantedFilters[] = datasets.length === 0 && defaults ? [defaults] : datasets;
  const findings = new Map<string, Finding>();
  for (const way of wanted) {
    const facts = await tryFilters(way, call);
    const finding = facts ? judgeFilter(facts) : ok('filters', 'streams are stored as they are');
    findings.set(finding.what, finding);
  }
  return [...findings.values()];
}

async function lookAtBackups(
  store: ObjectStore,
  datasets: readonly DatasetSetup[],
  { now = () => new Date() }: DoctorOptions,
  call: CallOptions,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const { dataset } of datasets) {
    const read = async () => judgeBackups(await readLineage(store, dataset, call), now());
    findings.push(...(await orProblem('backups', call, read)));
  }
  const open = await orFault(call, () => store.openUploads(store.prefix, call));
  // Who may not list them was told so already.
  if (open !== undefined && !('code' in open)) {
    findings.push(
      ...judgeUploads(
        open.map(({ startedAt }) => startedAt),
        now(),
      ),
    );
  }
  return findings;
}

async function orProblem(
  area: Area,
  call: CallOptions,
  look: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  const found = await orFault(call, look);
  return 'code' in found ? [problem(area, found)] : found;
}

/** What the work told, or the error that a backup would meet as well. */
async function orFault<T>({ signal }: CallOptions, work: () => Promise<T>): Promise<T | Zfs3BackupError> {
  try {
    return await work();
  } catch (error) {
    if (signal?.aborted || !(error instanceof Zfs3BackupError)) throw error;
    return error;
  }
}
