import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Tree } from '../main/test-dataset.ts';
import { readTree, writeRandomFile } from '../zfs/files.ts';
import type { TestPool } from '../zfs/test-pool.ts';
import type { Random } from './random.ts';

export interface SoakedDataset {
  readonly name: string;
  /** Names after the `@`, oldest first. */
  snapshots(): Promise<readonly string[]>;
  /** Changes some files and takes a snapshot of them. */
  snapshot(name: string): Promise<void>;
  destroy(snapshot: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  rollback(snapshot: string): Promise<void>;
  /** By the guid: what the snapshot held when it was taken, whatever it is called or whether it is still here. */
  treeOf(guid: string): Tree | undefined;
}

/** A dataset whose every snapshot is remembered. */
export async function createSoakedDataset(pool: TestPool, random: Random): Promise<SoakedDataset> {
  const name = `${pool.name}/soaked data`;
  const folder = join(pool.mountpoint, 'soaked data');
  await pool.zfs('create', name);
  const trees = new Map<string, Tree>();

  async function change(): Promise<void> {
    const changes = 1 + random.below(3);
    for (let at = 0; at < changes; at += 1) {
      const path = join(folder, `file ${random.below(8)}`);
      if (random.below(4) === 0) await rm(path, { force: true });
      // now and then enough for several parts
      else await writeRandomFile(path, random.below(random.below(8) === 0 ? 12_000_000 : 400_000));
    }
    await writeFile(join(folder, 'text'), `${random.below(1e9)}\n`.repeat(random.below(20_000)));
  }

  return {
    name,
    async snapshots() {
      const list = await pool.zfs('list', '-H', '-t', 'snapshot', '-o', 'name', '-s', 'creation', '-r', name);
      const names = list.split('\n').filter((line) => line.startsWith(`${name}@`));
      return names.map((line) => line.slice(name.length + 1));
    },
    async snapshot(snapshot) {
      await change();
      await pool.zfs('snapshot', `${name}@${snapshot}`);
      const guid = await pool.get('guid', `${name}@${snapshot}`);
      trees.set(guid, await readTree(folder));
    },
    destroy: async (snapshot) => void (await pool.zfs('destroy', `${name}@${snapshot}`)),
    rename: async (from, to) => void (await pool.zfs('rename', `${name}@${from}`, `${name}@${to}`)),
    rollback: async (snapshot) => void (await pool.zfs('rollback', '-r', `${name}@${snapshot}`)),
    treeOf: (guid) => trees.get(guid),
  };
}
