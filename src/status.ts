import { Zfs3BackupError } from './errors.ts';
import { isKnown, type LocalSide } from './lineage/local-side.ts';
import { assembleStatus, type StatusRow, type StatusSummary } from './lineage/status.ts';
import type { StoredAs } from './lineage/stored-as.ts';
import { type Coverage, findUncovered } from './lineage/uncovered.ts';
import type { Logger } from './logger.ts';
import { readLineage, readLineages } from './reading/read-lineage.ts';
import { readLocalSide, warnOfFaults } from './reading/read-local-side.ts';
import { readStoredAs } from './reading/read-stored-as.ts';
import { readUncovered } from './reading/read-uncovered.ts';
import type { SnapshotSource } from './sources/source.ts';
import type { ObjectStore } from './store/object-store.ts';
import { placeOf } from './store/place-of.ts';
import { storeId } from './store/store-id.ts';

export type { LocalSide } from './lineage/local-side.ts';
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
  /** What its keys start with. */
  readonly prefix: string;
  /** What local snapshots were asked to begin with. */
  readonly snapshotPrefix: string;
  /** What is known of this machine: what it has and the store has not can be told only of a side that was read. */
  readonly localSide: LocalSide;
  /** Oldest first. */
  readonly snapshots: readonly StatusRow[];
  readonly summary: StatusSummary;
  /** Datasets right below that are not in its backups, and of which the store has none of their own. */
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
  /** Whether this machine has the dataset; `null` where nobody could look. */
  readonly local: 'ok' | 'missing' | null;
}

export interface StoreStatusReport {
  readonly store: string;
  /** What its keys start with. */
  readonly prefix: string;
  /** By name. */
  readonly datasets: readonly StoreStatusRow[];
}

/**
 * What the store has of a dataset, what it lacks and what is broken. Throws NO_SUCH_DATASET when neither side knows it.
 * This machine need not have a ZFS that works: `localSide` says what was seen of it.
 */
export async function status(options: StatusOptions): Promise<StatusReport> {
  const { store, dataset, snapshotPrefix = '' } = options;
  const call = options.signal ? { signal: options.signal } : {};
  const [lineage, { state, side, fault }] = await Promise.all([
    readLineage(store, dataset, call),
    readLocalSide(options, dataset),
  ]);
  if (!state && lineage.entries.length === 0 && !options.evenIfUnknown)
    throw fault ?? nobodyHas(store, dataset);
  warnOfFaults(fault ? [fault] : [], options);
  const assembled = assembleStatus({
    ...{ lineage, side, snapshotPrefix },
    snapshots: state?.snapshots ?? [],
    marks: state?.marks,
    storeId: storeId(store),
  });
  const without = options.coverage ? findUncovered(state?.children ?? [], options.coverage) : [];
  const uncovered = await readUncovered(store, without, call);
  const isUnknown = state !== undefined && lineage.entries.length === 0;
  const storedAs = isUnknown ? await readStoredAs(store, dataset, state, call) : [];
  const { url, prefix } = store;
  return {
    ...{ dataset, store: url, prefix, snapshotPrefix, localSide: side },
    ...{ ...assembled, uncovered, storedAs },
  };
}

function nobodyHas(store: ObjectStore, dataset: string): Zfs3BackupError {
  const message = `${dataset}: neither ${placeOf(store)} nor this machine has it`;
  return new Zfs3BackupError('NO_SUCH_DATASET', message, {
    advice: '`zfs3backup status` without --dataset lists the datasets of the store.',
  });
}

/** Every dataset in the store, one row each. */
export async function statusOfStore(options: Omit<StatusOptions, 'dataset'>): Promise<StoreStatusReport> {
  const { store } = options;
  const lineages = await readLineages(store, options.signal ? { signal: options.signal } : {});
  const faults: Zfs3BackupError[] = [];
  const datasets: StoreStatusRow[] = [];
  for (const { dataset, entries } of lineages) {
    const newest = entries.at(-1)?.backup;
    if (!newest) continue;
    const { side, fault } = await readLocalSide(options, dataset);
    if (fault) faults.push(fault);
    datasets.push({
      dataset,
      backups: entries.length,
      storedBytes: entries.reduce((sum, { backup }) => sum + backup.storedBytes, 0),
      newest: newest.snapshot,
      newestAt: newest.storedAt.toISOString(),
      broken: entries.filter(({ health }) => health !== 'ok').length,
      staleRecords: entries.filter(({ backup }) => backup.staleRecordKey !== undefined).length,
      local: side === 'read' ? 'ok' : isKnown(side) ? 'missing' : null,
    });
  }
  warnOfFaults(faults, options);
  return { store: store.url, prefix: store.prefix, datasets };
}
