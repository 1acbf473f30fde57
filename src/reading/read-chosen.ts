import type { Lineage } from '../lineage/backup.ts';
import { type BackupChoice, type ChosenBackup, choiceOf, chooseBackup } from '../lineage/choose-backup.ts';
import { conflictError } from '../lineage/conflict-error.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { readLineage } from './read-lineage.ts';

export interface ChosenOptions {
  readonly store: ObjectStore;
  /** The dataset whose backups are read. */
  readonly dataset: string;
  /** The part after the `@`, or `dataset@name` (the prefix may be left out where that is unambiguous); or another choice. */
  readonly snapshot: string | BackupChoice;
  readonly snapshotPrefix?: string;
  readonly signal?: AbortSignal;
}

/** The backup that is meant, by the store alone: nothing is asked of this machine. Throws NO_SUCH_BACKUP and the like. */
export async function readChosen(
  options: ChosenOptions,
): Promise<ChosenBackup & { readonly lineage: Lineage }> {
  const { store, dataset, snapshot, snapshotPrefix = '', signal } = options;
  const lineage = await readLineage(store, dataset, signal ? { signal } : {});
  const chosen = chooseBackup({ lineage, snapshotPrefix, choice: choiceOf(snapshot), takenAt: new Map() });
  if (chosen.kind !== 'chosen') throw conflictError(chosen);
  return { ...chosen, lineage };
}
