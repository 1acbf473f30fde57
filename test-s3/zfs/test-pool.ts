import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { execa } from 'execa';
import { afterAll } from 'vitest';
import { destroyPool, POOL_PREFIX } from './destroy-pools.ts';

export interface TestPool {
  readonly name: string;
  /** Where the pool's own dataset is mounted; `POOL/a` stands at `mountpoint/a`. */
  readonly mountpoint: string;
  /** Runs `zfs` with these arguments and returns what it printed. */
  zfs(...args: readonly string[]): Promise<string>;
  /** Exact, as scripts read it. */
  get(property: string, dataset: string): Promise<string>;
  /** With all below it; one that is not there is no error. */
  destroyDataset(dataset: string): Promise<void>;
}

const folders: string[] = [];
// Registered first, it runs behind the file's own hooks.
afterAll(async () => {
  for (const folder of folders.splice(0)) {
    await destroyPool(basename(folder));
    await rm(folder, { recursive: true, force: true });
  }
});

/** A pool on a sparse file, destroyed behind the tests of the file: one for all, of which each takes a dataset. */
export async function createTestPool({ megabytes = 512 } = {}): Promise<TestPool> {
  const folder = await mkdtemp(join(tmpdir(), POOL_PREFIX));
  folders.push(folder);
  const name = basename(folder);
  const disk = join(folder, 'disk');
  const mountpoint = join(folder, 'mnt');
  const file = await open(disk, 'w');
  await file.truncate(megabytes * 1024 * 1024);
  await file.close();
  // no cache file: a pool whose disk is gone must not come back with the next start of ZFS
  // looking at what was received must not change it, where it arrives mounted
  await execa('zpool', ['create', '-o', 'cachefile=none', '-O', 'atime=off', '-m', mountpoint, name, disk]);
  return {
    name,
    mountpoint,
    async zfs(...args) {
      return (await execa('zfs', args)).stdout;
    },
    async get(property, dataset) {
      return (await execa('zfs', ['get', '-Hp', '-o', 'value', property, dataset])).stdout;
    },
    destroyDataset: (dataset) => destroyDataset(dataset),
  };
}

/** Tries for a while: zfs-fuse keeps a dataset busy for a moment after it was looked at or mounted. */
async function destroyDataset(dataset: string, attempts = 40): Promise<void> {
  const { failed, stderr } = await execa('zfs', ['destroy', '-r', '-f', dataset], { reject: false });
  if (!failed || /does not exist/.test(stderr)) return;
  if (attempts === 1) throw new Error(`${dataset} cannot be destroyed: ${stderr}`);
  await setTimeout(250);
  return destroyDataset(dataset, attempts - 1);
}
