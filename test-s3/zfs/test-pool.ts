import { mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { execa } from 'execa';

// the process's number tells a pool in use from one that a killed run left behind
const NAME = /^z3b-test-(\d+)-/;

export interface TestPool {
  readonly name: string;
  /** Where the pool's own dataset is mounted; `POOL/a` stands at `mountpoint/a`. */
  readonly mountpoint: string;
  /** Runs `zfs` with these arguments and returns what it printed. */
  zfs(...args: readonly string[]): Promise<string>;
  /** With all below it; one that is not there is no error. */
  destroyDataset(dataset: string): Promise<void>;
  destroy(): Promise<void>;
}

/** A pool of one's own on a sparse file. One per test file is enough: take a dataset per test. */
export async function createTestPool({ megabytes = 512 } = {}): Promise<TestPool> {
  const folder = await mkdtemp(join(tmpdir(), `z3b-test-${process.pid}-`));
  const name = folder.slice(folder.lastIndexOf('/') + 1);
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
    destroyDataset: (dataset) => destroyDataset(dataset),
    async destroy() {
      await destroyPool(name);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Destroys the pools and folders of runs that were killed. */
export async function destroyAbandonedPools(): Promise<void> {
  const { stdout } = await execa('zpool', ['list', '-H', '-o', 'name']);
  for (const pool of stdout.split('\n').filter(isAbandoned)) await destroyPool(pool);
  for (const folder of (await readdir(tmpdir())).filter(isAbandoned)) {
    await rm(join(tmpdir(), folder), { recursive: true, force: true });
  }
}

function isAbandoned(name: string): boolean {
  const pid = NAME.exec(name)?.[1];
  return pid !== undefined && !isAlive(Number(pid));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Tries for a while: zfs-fuse keeps a dataset busy for a moment after it was looked at or mounted. */
async function destroyDataset(dataset: string, attempts = 40): Promise<void> {
  const { failed, stderr } = await execa('zfs', ['destroy', '-r', '-f', dataset], { reject: false });
  if (!failed || /does not exist/.test(stderr)) return;
  if (attempts === 1) throw new Error(`${dataset} cannot be destroyed: ${stderr}`);
  await setTimeout(250);
  return destroyDataset(dataset, attempts - 1);
}

/** Tries for a while: a `zfs send` that was just killed keeps its dataset busy for a moment. */
async function destroyPool(name: string, attempts = 20): Promise<void> {
  const { failed, stderr } = await execa('zpool', ['destroy', '-f', name], { reject: false });
  if (!failed || /no such pool/.test(stderr)) return;
  if (attempts === 1) throw new Error(`pool ${name} cannot be destroyed: ${stderr}`);
  await setTimeout(250);
  return destroyPool(name, attempts - 1);
}
