import { Zfs3BackupError } from './errors.ts';
import { chainFilters, type FilterChain } from './filters/chain.ts';
import type { Filter } from './filters/filter.ts';
import { conflictError } from './lineage/conflict-error.ts';
import { backupKey } from './lineage/key.ts';
import { encodeMetadata } from './lineage/metadata.ts';
import { type BackupStep, planBackup } from './lineage/plan-backup.ts';
import type { Logger } from './logger.ts';
import type { OnProgress } from './progress.ts';
import { readLineage } from './read-lineage.ts';
import type { SendStep, SnapshotSource } from './sources/source.ts';
import type { Metadata, ObjectStore } from './store/object-store.ts';
import { usable } from './transfer/part-size.ts';
import { DEFAULT_MAX_MEMORY, planTransfer } from './transfer/plan-transfer.ts';

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
  /** What encrypts behind it; stored as it is without one. */
  readonly encryptor?: Filter;
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
  const { store, source, filter, encryptor } = options;
  const send = sendStepOf(step, options);
  const estimate = await source.estimate(send, options.signal ? { signal: options.signal } : {});
  const { partBytes } = planTransfer({ ...transferOptions(options), estimate, limits: usable(store.limits) });
  const key = backupKey(store.prefix, step.dataset, step.snapshot.name);
  const metadata = encodeMetadata({
    key,
    kind: step.kind,
    parent: step.parentName && `${step.dataset}@${step.parentName}`,
    compressor: filter?.name,
    encryptor: encryptor?.name,
    estimate,
    guid: step.snapshot.guid,
    parentGuid: step.parent?.guid,
  });
  const pipeline = [
    source.sendCommand(send),
    ...(encoderOf(options)?.commands.encode ?? []),
    putCommand(key, metadata, estimate, options),
  ];
  return { step, key, metadata, estimate, partBytes, pipeline };
}

/** What the user says about the transfer: planned with in a dry run, and the same for the upload itself. */
export function transferOptions({ partBytes, concurrency, maxMemory }: BackupOptions) {
  return { partBytes, concurrency, maxMemory };
}

/** What the stream goes through to the store. */
export function encoderOf({ filter, encryptor }: BackupOptions): FilterChain | undefined {
  return chainFilters(filter, encryptor);
}

export function sendStepOf(step: BackupStep, options: BackupOptions): SendStep {
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
