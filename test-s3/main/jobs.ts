import type { ObjectStore } from '../../src/store/object-store.ts';
import { createTestPool, type TestPool } from '../zfs/test-pool.ts';
import { type Cli, createCli } from './run-cli.ts';
import { createTestDataset, type TestDataset } from './test-dataset.ts';

export interface JobStore {
  /** What tells the programs where the store is. */
  readonly env: Readonly<Record<string, string>>;
  /** The same store, looked at from the side. */
  readonly store: ObjectStore;
}

export interface Jobs {
  readonly pool: TestPool;
  readonly store: ObjectStore;
  /** A new dataset, and the programs for it. */
  start(name: string): Promise<{ data: TestDataset; cli: Cli }>;
  /** The programs, which know the store and this dataset. */
  cliOf(dataset: string): Promise<Cli>;
  keyOf(data: TestDataset, snapshot: string): string;
}

/** Datasets of a pool that are backed up into this store. */
export async function createJobs(
  { env, store }: JobStore,
  settings: Readonly<Record<string, string>>,
  { megabytes = 512 } = {},
): Promise<Jobs> {
  const pool = await createTestPool({ megabytes });
  const cliOf = (dataset: string) => createCli({ ...env, FILESYSTEM: dataset, ...settings });
  return {
    pool,
    store,
    async start(name) {
      const data = await createTestDataset(pool, name);
      return { data, cli: await cliOf(data.name) };
    },
    cliOf,
    keyOf: (data, snapshot) => `${store.prefix}${data.name}@${snapshot}`,
  };
}
