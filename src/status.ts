import { Zfs3BackupError } from './errors.ts';
import { assembleStatus, type StatusRow, type StatusSummary } from './lineage/status.ts';
import type { StoredAs } from './lineage/stored-as.ts';
import { type Coverage, findUncovered } from './lineage/uncovered.ts';
import type { Logger } from './logger.ts';
import { readLineage, readLineages } from './reading/read-lineage.ts';
import { readStoredAs } from './reading/read-stored-as.ts';
import type { DatasetState, SnapshotSource } from './sources/source.ts';
import type { ObjectStore } from './store/object-store.ts';
import { storeId } from './store/store-id.ts';

export type { StatusRow } from './lineage/status.ts';

export interface StatusOptions {
  readonly store: ObjectStore;
  /** Without one, only the store is looked at. */
  readonly source?: SnapshotSource;
  readonly dataset: string;
  /** Local snapshots without it are only shown when they are backed up. */
  readonly snapshotPrefix?: string;
  /** An empty report, instead of an error, for a dataset that neither side knows. */
  readonly evenIfUnknown?: boolean;
  /** What else is backed up; without it nothing is said of datasets below. */
  readonly coverage?: Coverage;
  readonly signal?: AbortSignal;
  readonly logger?: Logger;
}

export interface StatusReport {
  readonly dataset: string;
  /** The store's URL. */
  readonly store: string;
  /** Oldest first. */
  readonly snapshots: readonly StatusRow[];
  readonly summary: StatusSummary;
  /** Datasets right below that are in no backup. */
  readonly uncovered: readonly string[];
  /** Where the store has nothing of the dataset: those that it has the same snapshots of, after a rename or of a copy. */
  readonly storedAs: readonly StoredAs[];
}

/** One dataset of a store. */
export interface StoreStatusRow {
  readonly dataset: string;
  readonly backups: number;
  readonly storedBytes: number;
  /** Name of the newest backup. */
  readonly newest: string;
  /** When it was stored, ISO 8601. */
  readonly newestAt: string;
  /** Backups that cannot be restored. */
  readonly broken: number;
  /** Backups whose object is not the one that was recorded. */
  readonly staleRecords: number;
  /** Whether this machine has the dataset. */
  readonly local: 'ok' | 'missing';
}

export interface StoreStatusReport {
  readonly store: string;
  /** By name. */
  readonly datasets: readonly StoreStatusRow[];
}

/** What the store has of a dataset, what it lacks and what is broken. Throws NO_SUCH_DATASET when neither side knows it. */
export async function status(options: StatusOptions): Promise<StatusReport> {
  const { store, dataset } = options;
  const call = options.signal ? { signal: options.signal } : {};
  const [lineage, state] = await Promise.all([
    readLineage(store, dataset, call),
    readIfPossible(options, dataset),
  ]);
  if (!state && lineage.entries.length === 0 && !options.evenIfUnknown)
    throw new Zfs3BackupError('NO_SUCH_DATASET', `${dataset}: neither ${store.url} nor this machine has it`, {
      advice: '`zfs3backup status` without --dataset lists the datasets of the store.',
    });
  const assembled = assembleStatus({
    lineage,
    snapshots: state?.snapshots ?? [],
    snapshotPrefix: options.snapshotPrefix ?? '',
    marks: state?.marks,
    storeId: storeId(store),
  });
  const uncovered = options.coverage ? findUncovered(state?.children ?? [], options.coverage) : [];
  const isUnknown = state !== undefined && lineage.entries.length === 0;
  const storedAs = isUnknown ? await readStoredAs(store, dataset, state, call) : [];
  return { dataset, store: store.url, ...assembled, uncovered, storedAs };
}

/** Every dataset in the store, one row each. */
export async function statusOfStore(options: Omit<StatusOptions, 'dataset'>): Promise<StoreStatusReport> {
  const { store } = options;
  const lineages = await readLineages(store, options.signal ? { signal: options.signal } : {});
  const datasets: StoreStatusRow[] = [];
  for (const { dataset, entries } of lineages) {
    const newest = entries.at(-1)?.backup;
    if (!newest) continue;
    datasets.push({
      dataset,
      backups: entries.length,
      storedBytes: entries.reduce((sum, { backup }) => sum + backup.storedBytes, 0),
      newest: newest.snapshot,
      newestAt: newest.storedAt.toISOString(),
      broken: entries.filter(({ health }) => health !== 'ok').length,
      staleRecords: entries.filter(({ backup }) => backup.staleRecordKey !== undefined).length,
      local: (await readIfPossible(options, dataset)) ? 'ok' : 'missing',
    });
  }
  return { store: store.url, datasets };
}

/** The machine one restores on may have no ZFS yet: what is stored is shown all the same. */
async function readIfPossible(
  options: Omit<StatusOptions, 'dataset'>,
  dataset: string,
): Promise<DatasetState | undefined> {
  const { source, signal, logger } = options;
  try {
    return await source?.readDataset(dataset, signal ? { signal } : {});
  } catch (error) {
    if (!(error instanceof Zfs3BackupError && error.code === 'PROGRAM_MISSING')) throw error;
    logger?.debug({ dataset }, `only the store was looked at: ${error.message}`);
    return undefined;
  }
}
