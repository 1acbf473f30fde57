import { Zfs3BackupError } from './errors.ts';
import type { FilterChain } from './filters/chain.ts';
import type { FilterRegistry } from './filters/registry.ts';
import type { Expectation, InspectDepth } from './inspect/stream-inspector.ts';
import { inspectStored } from './inspect-sent.ts';
import type { Backup } from './lineage/backup.ts';
import { conflictError } from './lineage/conflict-error.ts';
import { planRestore } from './lineage/plan-restore.ts';
import { type Logger, silentLogger } from './logger.ts';
import { joinProgress, type OnProgress } from './progress.ts';
import { readLineage } from './read-lineage.ts';
import { readRecordIfPossible } from './read-record.ts';
import { sayReached } from './say-reached.ts';
import type { ReceiveStep, SnapshotSource } from './sources/source.ts';
import type { ObjectStore } from './store/object-store.ts';
import { holdBackLast } from './stream/hold-back.ts';
import { meter } from './stream/meter.ts';
import { untilDone } from './stream/until-done.ts';
import { type Summary, startSummary } from './summary.ts';
import { openDownload } from './transfer/download.ts';

export interface RestoreOptions {
  readonly store: ObjectStore;
  readonly source: SnapshotSource;
  readonly filters: FilterRegistry;
  /** The dataset whose backups are read. */
  readonly dataset: string;
  /** The part after the `@`, or `dataset@name`; the prefix may be left out where that is unambiguous. */
  readonly snapshot: string;
  /** The dataset to receive into; default: the original. */
  readonly target?: string;
  /** Consent to the losses that the plan lists. */
  readonly force?: boolean;
  /** Mount what was received. */
  readonly mount?: boolean;
  readonly snapshotPrefix?: string;
  /** `none`: do not look at the streams on their way; otherwise nothing damaged or cut short is received. */
  readonly expect?: Expectation;
  /** How closely they are looked at; `full` if not given. */
  readonly inspect?: InspectDepth;
  /** Parts in flight at most. */
  readonly concurrency?: number;
  /** Bytes for all buffers together; 256 MiB if not given. */
  readonly maxMemory?: number;
  /** How often one request is tried again. */
  readonly maxRetries?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  readonly logger?: Logger;
}

/** One backup that will be received. */
export interface PlannedRestore {
  readonly backup: Backup;
  readonly receive: ReceiveStep;
  /** What a person would type for the same: argument lists to be joined by `|`. */
  readonly pipeline: readonly (readonly string[])[];
  /** Commands that must run before it, on an old ZFS. */
  readonly before: readonly (readonly string[])[];
}

export interface RestorePlanReport {
  readonly dataset: string;
  readonly store: string;
  readonly target: string;
  readonly notes: readonly string[];
  /** What is destroyed at the target, one phrase each; empty unless forced. */
  readonly losses: readonly string[];
  /** Oldest first; empty when there is nothing to do. */
  readonly steps: readonly PlannedRestore[];
}

export interface ReceivedBackup {
  /** `target@snapshot` */
  readonly name: string;
  readonly storedBytes: number;
  readonly streamBytes: number;
  readonly seconds: number;
  readonly retries: number;
}

export interface RestoreResult {
  readonly dataset: string;
  readonly store: string;
  readonly target: string;
  readonly notes: readonly string[];
  readonly received: readonly ReceivedBackup[];
  /** Of carrying out the plan. */
  readonly summary: Summary;
}

/** Brings a snapshot back. Throws typed errors; what was received before one stays, and the same call goes on from there. */
export async function restore(options: RestoreOptions): Promise<RestoreResult> {
  return runRestorePlan(await readRestorePlan(options), options);
}

/** Reads both sides and plans; changes nothing. A filter that is not known here fails now, not half-way. */
export async function readRestorePlan(options: RestoreOptions): Promise<RestorePlanReport> {
  const { store, source, dataset, filters, target = dataset } = options;
  const call = options.signal ? { signal: options.signal } : {};
  const [lineage, state] = await Promise.all([
    readLineage(store, dataset, call),
    source.readDataset(target, call),
  ]);
  const plan = planRestore({
    lineage,
    snapshot: options.snapshot,
    snapshotPrefix: options.snapshotPrefix,
    target: { name: target, state },
    original: target === dataset,
    force: options.force ?? false,
  });
  if (plan.kind !== 'plan') throw conflictError(plan);
  const steps = plan.steps.map((backup) => {
    // only the first step can meet what is newer at the target; the later ones build on what just arrived
    const force = plan.force && backup === plan.steps[0];
    const base = backup === plan.steps[0] ? plan.base?.name : backup.parent;
    const receive: ReceiveStep = {
      target,
      snapshot: backup.snapshot,
      ...(base === undefined ? {} : { base }),
      force,
      mount: options.mount ?? false,
    };
    return { backup, receive, ...commandsOf(backup, receive, filters.decoderOf(backup), options) };
  });
  return { dataset, store: store.url, target, notes: plan.notes, losses: plan.losses, steps };
}

function commandsOf(
  backup: Backup,
  receive: ReceiveStep,
  filter: FilterChain | undefined,
  { store, source }: RestoreOptions,
): Pick<PlannedRestore, 'before' | 'pipeline'> {
  const commands = source.receiveCommands(receive);
  const pipeline = [
    ['zfs3backup_get', ...store.arguments, backup.key],
    ...(filter?.commands.decode ?? []),
    ...commands.slice(-1),
  ];
  return { before: commands.slice(0, -1), pipeline };
}

/** Receives the very steps of a plan, oldest first; stops at the first failure. */
export async function runRestorePlan(
  plan: RestorePlanReport,
  options: RestoreOptions,
): Promise<RestoreResult> {
  const logger = options.logger ?? silentLogger;
  const sumUp = startSummary(options.store);
  const received: ReceivedBackup[] = [];
  for (const planned of plan.steps) {
    try {
      received.push(await receiveBackup(planned, received.length + 1, plan.steps.length, options));
    } catch (error) {
      if (plan.steps.length > 1) {
        logger.warn({}, sayReached('arrived', received));
      }
      throw error;
    }
  }
  const { dataset, store, target, notes } = plan;
  return { dataset, store, target, notes, received, summary: sumUp(received) };
}

async function receiveBackup(
  { backup, receive }: PlannedRestore,
  step: number,
  steps: number,
  options: RestoreOptions,
): Promise<ReceivedBackup> {
  const { store, source, filters, onProgress, logger } = options;
  const startedAt = performance.now();
  const name = `${receive.target}@${receive.snapshot}`;
  let storedBytes = 0;
  const about = { verb: 'restore', item: name, step, steps, estimate: backup.estimate } as const;
  const moved = joinProgress(onProgress, about);
  await untilDone(options.signal, async (signal) => {
    const call = { signal };
    const record = await readRecordIfPossible(store, backup, { ...call, logger });
    const { chunks } = await openDownload({
      ...{ store, key: backup.key, record, lend: true, logger, ...call },
      ...{ maxRetries: options.maxRetries, maxMemory: options.maxMemory, concurrency: options.concurrency },
      onProgress: moved.stored,
    });
    const stored = meter(chunks, (bytes) => {
      storedBytes += bytes;
    });
    const filter = filters.decoderOf(backup);
    const decoded = filter ? holdBackLast(filter.decode(stored, call)) : stored;
    const stream = meter(inspectStored(decoded, options), moved.read);
    await source.receive(receive, stream, call);
  });
  const streamBytes = moved.streamBytes();
  logger?.debug({ key: backup.key, storedBytes, streamBytes }, `received ${name}`);
  const seconds = (performance.now() - startedAt) / 1000;
  return { name, storedBytes, streamBytes, seconds, retries: moved.retries() };
}
