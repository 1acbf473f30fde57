import type { ObjectStore } from '../../src/store/object-store.ts';
import { temporaryDirectoryStore } from './bytes.ts';
import { createMemoryStore, SMALL_LIMITS } from './memory-store.ts';

/** It takes the small parts of tests. */
export async function smallDirectoryStore(): Promise<ObjectStore> {
  return { ...(await temporaryDirectoryStore()), limits: SMALL_LIMITS };
}

export const stores: ReadonlyArray<readonly [string, () => Promise<ObjectStore>]> = [
  ['directory store', smallDirectoryStore],
  ['store with S3 semantics', async () => createMemoryStore()],
];
