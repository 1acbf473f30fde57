import pLimit from 'p-limit';
import { StoreError } from '../errors.ts';
import { datasetPrefix } from '../lineage/key.ts';
import type { CallOptions, ObjectStore } from '../store/object-store.ts';

const LISTS_AT_ONCE = 8;

/**
 * Of datasets that have no section here: those of which the store has no backup either, which another machine, user or
 * configuration may have made. One LIST each. Who may not list them is told of all.
 */
export async function readUncovered(
  store: ObjectStore,
  datasets: readonly string[],
  call: CallOptions,
): Promise<readonly string[]> {
  const limit = pLimit(LISTS_AT_ONCE);
  const stored = await Promise.all(datasets.map((dataset) => limit(hasBackups, store, dataset, call)));
  return datasets.filter((_, at) => !stored[at]);
}

async function hasBackups(store: ObjectStore, dataset: string, call: CallOptions): Promise<boolean> {
  try {
    for await (const _ of store.list(datasetPrefix(store.prefix, dataset), call)) return true;
    return false;
  } catch (error) {
    if (error instanceof StoreError && error.code === 'STORE_DENIED') return false;
    throw error;
  }
}
