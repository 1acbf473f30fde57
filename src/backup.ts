import { Zfs3BackupError } from './errors.ts';
import type { Filter } from './filters/filter.ts';
import { readLeftOpen } from './left-open.ts';
import { conflictError } from './lineage/conflict-error.ts';
import { backupKey } from './lineage/key.ts';
import { encodeMetadata } from './lineage/metadata.ts';
import { type BackupStep, planBackup } from './lineage/plan-backup.ts';
import { type Logger, silentLogger } from './logger.ts';
import { joinProgress, type OnProgress } from './progress.ts';
import { readLineage } from './read-lineage.ts';
import { sayReached } from './say-reached.ts';
import type { SendStep, SnapshotSource } from './sources/source.ts';
import type { Metadata, ObjectStore } from './store/object-store.ts';
import { meter } from './stream/meter.ts';
import { untilDone } from './stream/until-done.ts';
import { type Summary, startSummary } from './summary.ts';
import type { ResumableUpload } from './transfer/open-upload.ts';
import { usable } from './transfer/part-size.ts';
import { DEFAULT_MAX_MEMORY, planTransfer } from './transfer/plan-transfer.ts';
import { upload } from './transfer/upload.ts';

export interface BackupOptions {
  readonly store: ObjectStore;
  readonly source: SnapshotSource;
  readonly dataset: string;
  /** Only snapshots whose name starts so are sent; default: all. */
  readonly snapshotPrefix?: string;
  /**
   * `auto`: what is newer than the newest backup, each snapshot as an incremental, or a full where the store has
   * none. `full`: one full. `incremental`: as `auto`, but never a full.
   */
  readonly mode?: 'auto' | 'full' | 'incremental';
  /** On an empty store, begin with the oldest matching snapshot instead of the newest. */
  readonly history?: boolean;
  /** The newest snapshot to send, by the name after the `@`; default: the newest that matches. */
  readonly snapshot?: string;
  /** Compressor; stored as it is without one. */
  readonly filter?: Filter;
  /** Further flags of `zfs send`, one argument each. */
  readonly sendFlags?: readonly string[];
  readonly storageClass?: string;
  /** Parts in flight at most. */
  readonly concurrency?: number;
  /** Size of the first parts in bytes; default: from the estimate. */
  readonly partBytes?: number;
  /** For all part buffers together, in bytes; 256 MiB if not given. */
  readonly maxMemory?: number;
  /** Attempts for each part. */
  readonly maxRetries?: number;
  /** Upload although another process seems to be uploading the same. */
  readonly force?: boolean;
  /**
   * When interrupted, or when the store stays away, leave the upload open, so that the next run goes on with it;
   * `true` if not given. What a run before left open is gone on with in any case.
   */
  readonly keepOnInterrupt?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  readonly logger?: Logger;
}

/** One backup that will be made, with all that a dry run shows. */
export interface PlannedBackup {
  readonly step: BackupStep;
  readonly key: string;
  readonly metadata: Metadata;
  /** Expected stream bytes, where the source can tell. */
  readonly estimate: number | undefined;
  /** Size of the first part; a stream that outgrows its estimate goes on in bigger ones. */
  readonly partBytes: number;
  /** What a person would type for the same: argument lists to be joined by `|`. */
  readonly pipeline: readonly (readonly string[])[];
}

export interface BackupPlanReport {
  readonly dataset: string;
  readonly store: string;
  /** Sentences that say why the plan is as it is. */
  readonly notes: readonly string[];
  /** In the order in which they run; empty when there is nothing to do. */
  readonly steps: readonly PlannedBackup[];
}

export interface StoredBackup {
  /** `dataset@snapshot` */
  readonly name: string;
  readonly key: string;
  readonly kind: 'full' | 'incremental';
  readonly parent: string | null;
  readonly streamBytes: number;
  readonly storedBytes: number;
  readonly parts: number;
  /** Of them: those that an earlier run had stored. */
  readonly skippedParts: number;
  readonly skippedBytes: number;
  /** Size of the first part. */
  readonly partBytes: number;
  readonly etag: string | undefined;
  readonly seconds: number;
  readonly retries: number;
}

export interface BackupResult {
  readonly dataset: string;
  readonly store: string;
  readonly notes: readonly string[];
  readonly backups: readonly StoredBackup[];
  /** Of carrying out the plan. */
  readonly summary: Summary;
}

/** Backs up what the store does not have yet. Throws typed errors; what was stored before one stays. */
export async function backup(options: BackupOptions): Promise<BackupResult> {
  return runBackupPlan(await readBackupPlan(options), options);
}

/** Reads both sides and plans; changes nothing. */
export async function readBackupPlan(options: BackupOptions): Promise<BackupPlanReport> {
  const { store, source, dataset } = options;
  const call = options.signal ? { signal: options.signal } : {};
  const [state, lineage] = await Promise.all([
    source.readDataset(dataset, call),
    readLineage(store, dataset, call),
  ]);
  if (!state)
    throw new Zfs3BackupError('NO_SUCH_DATASET', `${dataset}: there is no such dataset here`, {
      advice: '`zfs list` shows the datasets of this machine.',
    });
  const plan = planBackup({
    dataset,
    snapshots: state.snapshots,
    lineage,
    snapshotPrefix: options.snapshotPrefix ?? '',
    mode: options.mode ?? 'auto',
    history: options.history ?? false,
    target: options.snapshot,
  });
  if (plan.kind !== 'plan') throw conflictError(plan);
  const steps: PlannedBackup[] = [];
  for (const step of plan.steps) steps.push(await prepareStep(step, options));
  return { dataset, store: store.url, notes: plan.notes, steps };
}

async function prepareStep(step: BackupStep, options: BackupOptions): Promise<PlannedBackup> {
  const { store, source, filter } = options;
  const send = sendStepOf(step, options);
  const estimate = await source.estimate(send, options.signal ? { signal: options.signal } : {});
  const { partBytes } = planTransfer({ ...transferOptions(options), estimate, limits: usable(store.limits) });
  const key = backupKey(store.prefix, step.dataset, step.snapshot.name);
  const metadata = encodeMetadata({
    key,
    kind: step.kind,
    parent: step.parentName && `${step.dataset}@${step.parentName}`,
    compressor: filter?.name,
    estimate,
    guid: step.snapshot.guid,
    parentGuid: step.parent?.guid,
  });
  const pipeline = [
    source.sendCommand(send),
    ...(filter ? [filter.commands.encode] : []),
    putCommand(key, metadata, estimate, options),
  ];
  return { step, key, metadata, estimate, partBytes, pipeline };
}

/** What the user says about the transfer: planned with in a dry run, and the same for the upload itself. */
function transferOptions({ partBytes, concurrency, maxMemory }: BackupOptions) {
  return { partBytes, concurrency, maxMemory };
}

function sendStepOf(step: BackupStep, options: BackupOptions): SendStep {
  return {
    dataset: step.dataset,
    snapshot: step.snapshot.name,
    ...(step.parent ? { parent: step.parent.name } : {}),
    ...(options.sendFlags ? { sendFlags: options.sendFlags } : {}),
  };
}

function putCommand(key: string, metadata: Metadata, estimate: number | undefined, options: BackupOptions) {
  const { store, storageClass, partBytes, concurrency, maxMemory } = options;
  return [
    'pput',
    ...store.arguments,
    ...(store.putArguments ?? []),
    ...(partBytes === undefined ? [] : ['--chunk-size', String(partBytes)]),
    ...(concurrency === undefined ? [] : ['--concurrency', String(concurrency)]),
    ...(maxMemory === undefined || maxMemory === DEFAULT_MAX_MEMORY
      ? []
      : ['--max-memory', String(maxMemory)]),
    ...(estimate === undefined ? [] : ['--estimated', String(estimate)]),
    ...Object.entries(metadata).flatMap(([name, value]) => ['--meta', `${name}=${value}`]),
    ...(storageClass ? ['--storage-class', storageClass] : []),
    key,
  ];
}

/** Runs the very steps of a plan, oldest first; stops at the first failure. */
export async function runBackupPlan(plan: BackupPlanReport, options: BackupOptions): Promise<BackupResult> {
  const logger = options.logger ?? silentLogger;
  const sumUp = startSummary(options.store);
  const backups: StoredBackup[] = [];
  const leftOpen = plan.steps.length > 0 ? await readLeftOpen(plan.dataset, options) : undefined;
  for (const planned of plan.steps) {
    try {
      const resume = await leftOpen?.find(planned);
      backups.push(await storeBackup(planned, backups.length + 1, plan.steps.length, options, resume));
    } catch (error) {
      if (plan.steps.length > 1) {
        logger.warn({}, sayReached('stored', backups));
      }
      throw error;
    }
  }
  const { dataset, store, notes } = plan;
  return { dataset, store, notes, backups, summary: sumUp(backups) };
}

/** Before the filter: a compressor makes a few bytes of nothing. */
async function* refuseEmpty(source: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  let isEmpty = true;
  for await (const chunk of source) {
    isEmpty &&= chunk.byteLength === 0;
    yield chunk;
  }
  if (isEmpty) throw new Zfs3BackupError('EMPTY_STREAM', `${name}: the stream is empty, nothing was stored`);
}

async function storeBackup(
  planned: PlannedBackup,
  number: number,
  steps: number,
  options: BackupOptions,
  resume: ResumableUpload | null | undefined,
): Promise<StoredBackup> {
  const { step, key, metadata, estimate } = planned;
  const { filter, signal } = options;
  const name = `${step.dataset}@${step.snapshot.name}`;
  const progress = joinProgress(options.onProgress, {
    verb: 'backup',
    item: name,
    step: number,
    steps,
    estimate,
  });
  const result = await untilDone(signal, (producing) => {
    const call = { signal: producing };
    const sent = meter(options.source.send(sendStepOf(step, options), call), progress.read);
    const stream = refuseEmpty(sent, name);
    return upload({
      store: options.store,
      key,
      source: filter ? filter.encode(stream, call) : stream,
      metadata,
      estimate,
      ...transferOptions(options),
      ifExists: 'fail',
      resume,
      force: options.force,
      keepOnInterrupt: options.keepOnInterrupt ?? true,
      ...(signal ? { signal } : {}),
      ...(options.storageClass ? { storageClass: options.storageClass } : {}),
      ...(options.maxRetries !== undefined ? { maxRetries: options.maxRetries } : {}),
      ...(options.logger ? { logger: options.logger } : {}),
      onProgress: progress.stored,
    });
  });
  const streamBytes = progress.streamBytes();
  options.logger?.debug({ key, streamBytes, storedBytes: result.storedBytes }, `stored ${name}`);
  const { etag, storedBytes, parts, skippedParts, skippedBytes, seconds, retries } = result;
  const parent = step.parentName ?? null;
  return {
    name,
    key,
    kind: step.kind,
    parent,
    streamBytes,
    storedBytes,
    parts,
    skippedParts,
    skippedBytes,
    partBytes: result.partBytes,
    etag,
    seconds,
    retries,
  };
}
