import { StoreError } from '../errors.ts';
import { findStoredAs, type StoredAs } from '../lineage/stored-as.ts';
import type { DatasetState } from '../sources/source.ts';
import type { CallOptions, ObjectStore } from '../store/object-store.ts';
import { readLineages } from './read-lineage.ts';

/** For a dataset that the store has nothing of. Who may not list the whole store is told nothing. */
export async function readStoredAs(
  store: ObjectStore,
  dataset: string,
  { snapshots, marks }: DatasetState,
  call: CallOptions,
): Promise<readonly StoredAs[]> {
  if (snapshots.length === 0) return [];
  try {
    const local = [...snapshots, ...(marks?.bookmarks ?? [])];
    return findStoredAs(dataset, local, await readLineages(store, call));
  } catch (error) {
    if (error instanceof StoreError && error.code === 'STORE_DENIED') return [];
    throw error;
  }
}
