import { chainFilters, type FilterChain } from '../filters/chain.ts';
import type { Filter } from '../filters/filter.ts';
import type { Expectation, InspectDepth } from '../inspect/stream-inspector.ts';
import { conflictError } from '../lineage/conflict-error.ts';
import { backupKey } from '../lineage/key.ts';
import type { MarkStep } from '../lineage/marks.ts';
import { encodeMetadata } from '../lineage/metadata.ts';
import { type BackupStep, planBackup } from '../lineage/plan-backup.ts';
import { isBookmark } from '../lineage/snapshot.ts';
import { sayStoredAs } from '../lineage/stored-as.ts';
import { findUncovered } from '../lineage/uncovered.ts';
import type { Logger } from '../logger.ts';
import type { OnProgress } from '../progress.ts';
import type { SendStep, SnapshotSource } from '../sources/source.ts';
import type { Metadata, ObjectStore } from '../store/object-store.ts';
import { storeId } from '../store/store-id.ts';
import { usable } from '../transfer/part-size.ts';
import { DEFAULT_MAX_MEMORY, planTransfer } from '../transfer/plan-transfer.ts';
import { noSuchDataset } from './no-such-dataset.ts';
import { readLineage } from './read-lineage.ts';
import { readStoredAs } from './read-stored-as.ts';
import type { StoredBackup } from './stored-backup.ts';
import { markCommands } from './typed-commands.ts';

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
  /** Datasets that are backed up as well; without it nothing is said of datasets below that are in no backup. */
  readonly covered?: readonly string[];
  /** Further flags of `zfs send`, one argument each; a change of them starts a new chain. */
  readonly sendFlags?: readonly string[];
  /** Whether blocks leave as they are on disk (`-w`); default `auto`: those of an encrypted dataset do. */
  readonly raw?: 'auto' | 'on' | 'off';
  /** Leave a bookmark of the newest snapshot that is stored, so that it may be destroyed; `true` if not given. */
  readonly bookmarks?: boolean;
  /** Hold the newest snapshot that is stored, so that nothing destroys it unasked; `true` if not given. */
  readonly holds?: boolean;
  /** `none`: do not look at the streams; otherwise they must be whole, and of the snapshots that were to be sent. */
  readonly expect?: Expectation;
  /** How closely they are looked at; `full` if not given. */
  readonly inspect?: InspectDepth;
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
  /** Told of each backup once it is stored and checked; the next one waits for it. What it throws ends the run. */
  readonly onStored?: (stored: StoredBackup) => void | Promise<void>;
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
  /** Commands that run once it is stored: they mark what the next one builds on. */
  readonly after: readonly (readonly string[])[];
}

export interface BackupPlanReport {
  readonly dataset: string;
  readonly store: string;
  /** Marks that an earlier run did not come to leave; made good before all else. */
  readonly marks: readonly MarkStep[];
  /** The commands for them. */
  readonly before: readonly (readonly string[])[];
  /** Sentences that say why the plan is as it is. */
  readonly notes: readonly string[];
  /** Those of them that tell of something wrong. */
  readonly warnings?: readonly string[];
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
  if (!state) throw noSuchDataset(dataset);
  const plan = planBackup({
    dataset,
    snapshots: state.snapshots,
    lineage,
    snapshotPrefix: options.snapshotPrefix ?? '',
    mode: options.mode ?? 'auto',
    history: options.history ?? false,
    target: options.snapshot,
    flags: {
      given: options.sendFlags ?? [],
      raw: options.raw ?? 'auto',
      isEncrypted: state.isEncrypted ?? false,
    },
    marks: state.marks,
    markSettings: {
      storeId: storeId(store),
      bookmarks: options.bookmarks ?? true,
      holds: options.holds ?? true,
    },
  });
  if (plan.kind !== 'plan') throw conflictError(plan);
  // For whom to encrypt, and with what: said before anything is sent.
  if (plan.steps.length > 0) await encoderOf(options)?.checkEncode(call);
  const steps: PlannedBackup[] = [];
  for (const step of plan.steps) steps.push(await prepareStep(step, options));
  const before = markCommands(source, plan.before);
  const isFirst = lineage.entries.length === 0 && steps.length > 0;
  const storedAs = isFirst ? await readStoredAs(store, dataset, state, call) : [];
  const notes = [
    ...plan.notes,
    ...sayStoredAs(dataset, storedAs),
    ...sayUncovered(state.children ?? [], options),
  ];
  const { warnings = [] } = plan;
  return { dataset, store: store.url, marks: plan.before, before, notes, warnings, steps };
}

async function prepareStep(step: BackupStep, options: BackupOptions): Promise<PlannedBackup> {
  const { store, source, filter, encryptor } = options;
  const send = sendStepOf(step);
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
    sendFlags: step.flags.format,
  });
  const after = markCommands(source, step.after);
  const pipeline = [
    source.sendCommand(send),
    ...(encoderOf(options)?.commands.encode ?? []),
    putCommand(key, metadata, estimate, options),
  ];
  return { step, key, metadata, estimate, partBytes, pipeline, after };
}

function sayUncovered(
  children: readonly string[],
  { covered, sendFlags = [] }: BackupOptions,
): readonly string[] {
  const missing = covered ? findUncovered(children, { covered, sendFlags }) : [];
  if (missing.length === 0) return [];
  return [`Datasets below it are not in its backups, and have no section: ${missing.join(', ')}.`];
}

/** What the user says about the transfer: planned with in a dry run, and the same for the upload itself. */
export function transferOptions(options: BackupOptions) {
  const { partBytes, concurrency, maxMemory } = options;
  return { partBytes, concurrency, maxMemory, encoderBytes: encoderOf(options)?.memoryBytes };
}

/** What the stream goes through to the store. */
export function encoderOf({ filter, encryptor }: BackupOptions): FilterChain | undefined {
  return chainFilters(filter, encryptor);
}

export function sendStepOf({ dataset, snapshot, parent, flags }: BackupStep): SendStep {
  return {
    dataset,
    snapshot: snapshot.name,
    ...(parent ? { parent: parent.name } : {}),
    ...(isBookmark(parent) ? { isFromBookmark: true } : {}),
    sendFlags: flags.argv,
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
