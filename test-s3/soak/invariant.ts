import { expect } from 'vitest';
import { chainTo } from '../../src/lineage/lineage.ts';
import { readLineage } from '../../src/reading/read-lineage.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import type { Cli } from '../main/run-cli.ts';
import { treeAt } from '../main/test-dataset.ts';
import type { TestPool } from '../zfs/test-pool.ts';
import type { SoakedDataset } from './soaked-dataset.ts';

export interface Soaked {
  readonly pool: TestPool;
  readonly data: SoakedDataset;
  readonly store: ObjectStore;
  readonly cli: Cli;
}

/**
 * Every backup that `status` calls ok restores to a tree equal to the snapshot's. What was restored before from the
 * very same objects is not restored again.
 */
export function createInvariant({ pool, data, store, cli }: Soaked) {
  const proven = new Set<string>();
  let checked = 0;

  async function statusOk(): Promise<ReadonlySet<string>> {
    const { status, stdout, stderr } = await cli.zfs3backup('status', '--json');
    if (status === 4) return new Set();
    expect([0, 3], stderr).toContain(status);
    const rows: Array<{ name: string; health: string | null }> = JSON.parse(stdout).snapshots;
    return new Set(rows.filter(({ health }) => health === 'ok').map(({ name }) => name));
  }

  async function restoreAndCompare(snapshot: string, guid: string | undefined, target: string) {
    const outcome = await cli.zfs3backup('restore', snapshot, '--to', target);
    expect(outcome.status, `restore ${snapshot}: ${outcome.stderr}`).toBe(0);
    const tree = guid === undefined ? undefined : data.treeOf(guid);
    expect(tree, `${snapshot} has the guid ${guid}, which no snapshot ever had`).toBeDefined();
    expect(await treeAt(pool, target), `what ${snapshot} restores to`).toEqual(tree);
  }

  return {
    restored: () => checked,
    async check(): Promise<void> {
      const ok = await statusOk();
      const lineage = await readLineage(store, data.name);
      const healthy = lineage.entries.filter(({ health }) => health === 'ok').map(({ backup }) => backup);
      expect(new Set(healthy.map(({ snapshot }) => snapshot)), 'what status calls ok').toEqual(ok);
      for (const { snapshot } of healthy) {
        const chain = chainTo(lineage, snapshot);
        if (chain.kind !== 'chain') throw new Error(`${snapshot} is called ok and has no chain`);
        const proof = chain.backups
          .map(({ key, etag, storedAt }) => `${key} ${etag} ${storedAt.getTime()}`)
          .join('\n');
        if (proven.has(proof)) continue;
        const target = `${pool.name}/restored`;
        // the parents too, one after the other: they are what the next ones are proven by
        for (const each of chain.backups) await restoreAndCompare(each.snapshot, each.guid, target);
        await pool.destroyDataset(target);
        checked += chain.backups.length;
        proven.add(proof);
      }
    },
  };
}
