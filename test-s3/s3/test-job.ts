import { createJobs } from '../main/jobs.ts';
import type { Cli } from '../main/run-cli.ts';
import type { TestDataset } from '../main/test-dataset.ts';
import type { TestPool } from '../zfs/test-pool.ts';
import { type CliStore, createCliStore } from './cli-store.ts';

export interface TestJob extends CliStore {
  readonly pool: TestPool;
  readonly data: TestDataset;
  /** The programs, which know the dataset and the bucket. */
  readonly cli: Cli;
}

/** A dataset on a pool of its own, to be backed up into a bucket of its own. */
export async function createTestJob(settings: Readonly<Record<string, string>> = {}): Promise<TestJob> {
  const bucket = await createCliStore();
  const { pool, start } = await createJobs(bucket, { SNAPSHOT_PREFIX: '', ...settings });
  return { ...bucket, pool, ...(await start('data')) };
}
