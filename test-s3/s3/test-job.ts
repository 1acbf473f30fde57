import { type Cli, createCli } from '../main/run-cli.ts';
import { createTestDataset, type TestDataset } from '../main/test-dataset.ts';
import { createTestPool, type TestPool } from '../zfs/test-pool.ts';
import { type CliStore, createCliStore } from './cli-store.ts';

export interface TestJob extends CliStore {
  readonly pool: TestPool;
  readonly data: TestDataset;
  /** The programs, which know the dataset and the bucket. */
  readonly cli: Cli;
}

/** A dataset on a pool of its own, to be backed up into a bucket of its own. */
export async function createTestJob(settings: Readonly<Record<string, string>> = {}): Promise<TestJob> {
  const pool = await createTestPool();
  const data = await createTestDataset(pool, 'data');
  const store = await createCliStore();
  const cli = await createCli({ ...store.env, FILESYSTEM: data.name, SNAPSHOT_PREFIX: '', ...settings });
  return { ...store, pool, data, cli };
}
