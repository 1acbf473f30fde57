import { beforeAll, describe, expect, it } from 'vitest';
import { zfsKind } from '../zfs/zfs-kind.ts';
import { createJobs, type JobStore, type Jobs } from './jobs.ts';
import type { Cli } from './run-cli.ts';
import { treeAt } from './test-dataset.ts';

/** The main job by the real programs on a real ZFS, against whatever store is given. */
export function describeMainJob(name: string, openFresh: () => Promise<JobStore>): void {
  describe(`the main job on ${name}`, () => {
    let jobs: Jobs;
    beforeAll(async () => {
      jobs = await createJobs(await openFresh(), { SNAPSHOT_PREFIX: 'daily' });
    });

    const rowsOf = async (cli: Cli) =>
      JSON.parse((await cli.zfs3backup('status', '--json')).stdout).snapshots;

    it('backs up a full and three incrementals, shows them, restores beside and over', async () => {
      const { data, cli } = await jobs.start('whole');
      await data.snapshot('daily-z');
      const first = await cli.zfs3backup('backup');
      expect(first).toMatchObject({ status: 0 });
      expect(first.stdout + first.stderr).toContain('starting with a full one');

      // names that sort against their order, and a foreign one between
      for (const snapshot of ['daily-a', 'hourly-1', 'daily-m', 'daily-b']) await data.snapshot(snapshot);
      expect(await cli.zfs3backup('backup')).toMatchObject({ status: 0 });
      const rows = await rowsOf(cli);
      expect(rows).toMatchObject([
        { name: 'daily-z', type: 'full', parent: null, health: 'ok', local: 'ok' },
        { name: 'daily-a', type: 'incremental', parent: 'daily-z', health: 'ok', local: 'ok' },
        { name: 'daily-m', type: 'incremental', parent: 'daily-a', health: 'ok', local: 'ok' },
        { name: 'daily-b', type: 'incremental', parent: 'daily-m', health: 'ok', local: 'ok' },
      ]);
      const again = await cli.zfs3backup('backup');
      expect(again).toMatchObject({ status: 0 });
      expect(again.stdout + again.stderr).toContain('nothing to do');

      for (const snapshot of ['daily-m', 'daily-b', 'daily-z']) {
        const target = `${jobs.pool.name}/beside-${snapshot}`;
        expect(await cli.zfs3backup('restore', snapshot, '--to', target)).toMatchObject({ status: 0 });
        expect(await treeAt(jobs.pool, target)).toEqual(data.treeOf(snapshot));
      }

      // the two newest are lost by accident, once they are not held any more; one is taken since
      expect(await cli.zfs3backup('release')).toMatchObject({ status: 0 });
      await jobs.pool.zfs('rollback', '-r', `${data.name}@daily-a`);
      await data.snapshot('daily-since');
      const refused = await cli.zfs3backup('restore', 'daily-b');
      expect(refused).toMatchObject({ status: 3 });
      expect(refused.stderr).toContain(`${data.name}@daily-since`);
      expect(refused.stderr).toContain('--force');
      expect(await data.tree()).toEqual(data.treeOf('daily-since'));
      expect(await cli.zfs3backup('restore', 'unknown', '--force')).toMatchObject({ status: 4 });
      expect(await cli.zfs3backup('restore', 'daily-b', '--force')).toMatchObject({ status: 0 });
      expect(await treeAt(jobs.pool, data.name)).toEqual(data.treeOf('daily-b'));
    });

    it('sends the whole history when asked to', async () => {
      const { data, cli } = await jobs.start('history');
      for (const snapshot of ['daily-1', 'daily-2', 'daily-3']) await data.snapshot(snapshot);
      expect(await cli.zfs3backup('backup', '--history')).toMatchObject({ status: 0 });
      expect((await rowsOf(cli)).map(({ type }: { type: string }) => type)).toEqual([
        'full',
        'incremental',
        'incremental',
      ]);
    });

    it('takes names with spaces and colons', async () => {
      const { data, cli } = await jobs.start('a b:c');
      const snapshots = ['daily one', 'daily:two', 'daily-_. three'];
      for (const snapshot of snapshots) await data.snapshot(snapshot);
      expect(await cli.zfs3backup('backup', '--history')).toMatchObject({ status: 0 });
      for (const snapshot of snapshots)
        expect(await jobs.store.head(jobs.keyOf(data, snapshot))).toBeDefined();
      const target = `${jobs.pool.name}/back again:c`;
      expect(await cli.zfs3backup('restore', 'daily-_. three', '--to', target)).toMatchObject({ status: 0 });
      expect(await treeAt(jobs.pool, target)).toEqual(data.treeOf('daily-_. three'));
    });

    it('prints in a dry run what a shell can run with the same result', async () => {
      const { data, cli } = await jobs.start('dry run');
      for (const snapshot of ['daily-1', 'daily-2']) await data.snapshot(snapshot);
      const dry = await cli.zfs3backup('backup', '--history', '--dry-run');
      expect(dry).toMatchObject({ status: 0 });
      const lines = dry.stdout.split('\n').filter((line) => line.includes('zfs send'));
      expect(lines).toHaveLength(2);
      expect(await jobs.store.head(jobs.keyOf(data, 'daily-1'))).toBeUndefined();
      for (const line of lines) expect(await cli.shell(line)).toMatchObject({ status: 0 });
      expect(await rowsOf(cli)).toMatchObject([
        { name: 'daily-1', type: 'full', health: 'ok' },
        { name: 'daily-2', type: 'incremental', parent: 'daily-1', health: 'ok' },
      ]);
      const target = `${jobs.pool.name}/by hand`;
      const plan = await cli.zfs3backup('restore', 'daily-2', '--to', target, '--dry-run');
      const receives = plan.stdout.split('\n').filter((line) => line.includes('zfs receive'));
      expect(receives).toHaveLength(2);
      for (const line of receives) expect(await cli.shell(line)).toMatchObject({ status: 0 });
      expect(await treeAt(jobs.pool, target)).toEqual(data.treeOf('daily-2'));
    });

    it('tells of datasets below that are in no backup', async () => {
      const { data, cli } = await jobs.start('family');
      await jobs.pool.zfs('create', `${data.name}/child`);
      await data.snapshot('daily-1');
      const backup = await cli.zfs3backup('backup');
      expect(backup).toMatchObject({ status: 0 });
      expect(backup.stderr).toContain(`${data.name}/child`);
      expect((await cli.zfs3backup('status')).stdout).toContain(
        `In no backup, and in no section: 1 (${data.name}/child)`,
      );
      expect((await cli.zfs3backup('status', '--json')).stdout).toContain('"uncovered": [');
    });

    it('lists and plans on a machine without ZFS', async () => {
      const { data, cli } = await jobs.start('elsewhere');
      await data.snapshot('daily-1');
      await cli.zfs3backup('backup');
      const bare = await cli.withoutZfs();
      const status = await bare.zfs3backup('status');
      expect(status).toMatchObject({ status: 0 });
      expect(status.stdout).toMatch(/daily-1 .*full .*ok .*missing/);
      const whole = await bare.with({ FILESYSTEM: '' }).zfs3backup('status');
      expect(whole.stdout).toContain(data.name);
      const backup = await bare.zfs3backup('backup');
      expect(backup).toMatchObject({ status: 1 });
      expect(backup.stderr).toContain('zfs');
    });

    it('sends with the features of this ZFS', async () => {
      const { data, cli } = await jobs.start('features');
      await data.snapshot('daily-1', 3_000_000);
      const dry = await cli.zfs3backup('backup', '--dry-run');
      expect(dry.stdout.includes('--estimated')).toBe(zfsKind === 'OpenZFS');
      await cli.zfs3backup('backup');
      const target = `${jobs.pool.name}/unmounted`;
      expect(await cli.zfs3backup('restore', 'daily-1', '--to', target)).toMatchObject({ status: 0 });
      const mounted = await jobs.pool.get('mounted', target);
      expect(mounted).toBe(zfsKind === 'OpenZFS' ? 'no' : 'yes');
    });
  });
}
