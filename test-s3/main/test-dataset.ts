import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readTree, writeRandomFile } from '../zfs/files.ts';
import type { TestPool } from '../zfs/test-pool.ts';

export type Tree = Record<string, string>;

export interface TestDataset {
  readonly name: string;
  readonly folder: string;
  /** Changes some files, takes a snapshot and remembers what it holds. */
  snapshot(name: string, bytes?: number): Promise<void>;
  /** What the snapshot held when it was taken. */
  treeOf(snapshot: string): Tree;
  tree(): Promise<Tree>;
}

export async function createTestDataset(pool: TestPool, name: string): Promise<TestDataset> {
  const dataset = `${pool.name}/${name}`;
  const folder = join(pool.mountpoint, name);
  await pool.zfs('create', dataset);
  const trees = new Map<string, Tree>();
  return {
    name: dataset,
    folder,
    async snapshot(snapshot, bytes = 100_000) {
      await rm(join(folder, 'gone'), { force: true });
      await writeRandomFile(join(folder, `of ${snapshot.replaceAll('/', '-')}`), bytes);
      await writeFile(join(folder, 'changing'), snapshot.repeat(1000));
      if (trees.size === 0) await writeFile(join(folder, 'gone'), 'only in the first');
      await pool.zfs('snapshot', `${dataset}@${snapshot}`);
      trees.set(snapshot, await readTree(folder));
    },
    treeOf(snapshot) {
      const tree = trees.get(snapshot);
      if (!tree) throw new Error(`no snapshot ${snapshot} was taken`);
      return tree;
    },
    tree: () => readTree(folder),
  };
}

/** The files of a dataset that was received. */
export async function treeAt(pool: TestPool, dataset: string): Promise<Tree> {
  // mounted anew: zfs-fuse shows what the kernel had cached before the receive
  if ((await pool.get('mounted', dataset)) === 'yes') await pool.zfs('unmount', dataset);
  await pool.zfs('mount', dataset);
  return readTree(await pool.get('mountpoint', dataset));
}
