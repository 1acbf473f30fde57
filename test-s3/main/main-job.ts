import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { createTestPool, type TestPool } from '../zfs/test-pool.ts';
import { zfsKind } from '../zfs/zfs-kind.ts';
import { type Cli, createCli } from './run-cli.ts';
import { createTestDataset, type TestDataset, treeAt } from './test-dataset.ts';

export interface JobStore {
  /** What tells the programs where the store is. */
  readonly env: Readonly<Record<string, string>>;
  /** The same store, looked at from the side. */
  readonly store: ObjectStore;
}

/** A `zfs` whose streams end after some bytes, and then does what `after` says. */
async function cutZfs(cli: Cli, bytes: number, after: string): Promise<Cli> {
  const { stdout: real } = await execa('which', ['zfs']);
  // by way of a file: zfs-fuse hangs when nobody takes the rest of a stream
  const send = `f=$(mktemp); ${real} "$@" > "$f"; head -c ${bytes} "$f"; rm "$f"; ${after}`;
  const script = `#!/bin/sh\nif [ "$1" = send ] && [ "$2" != -nvP ]; then ${send}; fi\nexec ${real} "$@"\n`;
  return cli.withProgram('zfs', script);
}

/** The main job by the real programs on a real ZFS, against whatever store is given. */
export function describeMainJob(name: string, openFresh: () => Promise<JobStore>): void {
  describe(`the main job on ${name}`, () => {
    let pool: TestPool;
    let job: JobStore;

    beforeAll(async () => {
      pool = await createTestPool();
      job = await openFresh();
    });

    async function start(dataset: string): Promise<{ data: TestDataset; cli: Cli }> {
      const data = await createTestDataset(pool, dataset);
      const cli = await createCli({ ...job.env, FILESYSTEM: data.name, SNAPSHOT_PREFIX: 'daily' });
      return { data, cli };
    }
    const keyOf = (data: TestDataset, snapshot: string) => `${job.store.prefix}${data.name}@${snapshot}`;
    const rowsOf = async (cli: Cli) =>
      JSON.parse((await cli.zfs3backup('status', '--json')).stdout).snapshots;

    it('backs up a full and three incrementals, shows them, restores beside and over', async () => {
      const { data, cli } = await start('whole');
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
        const target = `${pool.name}/beside-${snapshot}`;
        expect(await cli.zfs3backup('restore', snapshot, '--to', target)).toMatchObject({ status: 0 });
        expect(await treeAt(pool, target)).toEqual(data.treeOf(snapshot));
      }

      // the two newest are lost by accident, once they are not held any more; one is taken since
      expect(await cli.zfs3backup('release')).toMatchObject({ status: 0 });
      await pool.zfs('rollback', '-r', `${data.name}@daily-a`);
      await data.snapshot('daily-since');
      const refused = await cli.zfs3backup('restore', 'daily-b');
      expect(refused).toMatchObject({ status: 3 });
      expect(refused.stderr).toContain(`${data.name}@daily-since`);
      expect(refused.stderr).toContain('--force');
      expect(await data.tree()).toEqual(data.treeOf('daily-since'));
      expect(await cli.zfs3backup('restore', 'unknown', '--force')).toMatchObject({ status: 4 });
      expect(await cli.zfs3backup('restore', 'daily-b', '--force')).toMatchObject({ status: 0 });
      expect(await treeAt(pool, data.name)).toEqual(data.treeOf('daily-b'));
    });

    it('sends the whole history when asked to', async () => {
      const { data, cli } = await start('history');
      for (const snapshot of ['daily-1', 'daily-2', 'daily-3']) await data.snapshot(snapshot);
      expect(await cli.zfs3backup('backup', '--history')).toMatchObject({ status: 0 });
      expect((await rowsOf(cli)).map(({ type }: { type: string }) => type)).toEqual([
        'full',
        'incremental',
        'incremental',
      ]);
    });

    it('takes names with spaces and colons', async () => {
      const { data, cli } = await start('a b:c');
      const snapshots = ['daily one', 'daily:two', 'daily-_. three'];
      for (const snapshot of snapshots) await data.snapshot(snapshot);
      expect(await cli.zfs3backup('backup', '--history')).toMatchObject({ status: 0 });
      for (const snapshot of snapshots) expect(await job.store.head(keyOf(data, snapshot))).toBeDefined();
      const target = `${pool.name}/back again:c`;
      expect(await cli.zfs3backup('restore', 'daily-_. three', '--to', target)).toMatchObject({ status: 0 });
      expect(await treeAt(pool, target)).toEqual(data.treeOf('daily-_. three'));
    });

    it('prints in a dry run what a shell can run with the same result', async () => {
      const { data, cli } = await start('dry run');
      for (const snapshot of ['daily-1', 'daily-2']) await data.snapshot(snapshot);
      const dry = await cli.zfs3backup('backup', '--history', '--dry-run');
      expect(dry).toMatchObject({ status: 0 });
      const lines = dry.stdout.split('\n').filter((line) => line.includes('zfs send'));
      expect(lines).toHaveLength(2);
      expect(await job.store.head(keyOf(data, 'daily-1'))).toBeUndefined();
      for (const line of lines) expect(await cli.shell(line)).toMatchObject({ status: 0 });
      expect(await rowsOf(cli)).toMatchObject([
        { name: 'daily-1', type: 'full', health: 'ok' },
        { name: 'daily-2', type: 'incremental', parent: 'daily-1', health: 'ok' },
      ]);
      const target = `${pool.name}/by hand`;
      const plan = await cli.zfs3backup('restore', 'daily-2', '--to', target, '--dry-run');
      const receives = plan.stdout.split('\n').filter((line) => line.includes('zfs receive'));
      expect(receives).toHaveLength(2);
      for (const line of receives) expect(await cli.shell(line)).toMatchObject({ status: 0 });
      expect(await treeAt(pool, target)).toEqual(data.treeOf('daily-2'));
    });

    it('stores nothing of a stream whose producer failed', async () => {
      const { data, cli } = await start('cut');
      await data.snapshot('daily-1', 12_000_000);
      const cut = await cutZfs(cli, 7_000_000, "echo 'internal error: I/O error' >&2; exit 1");
      const outcome = await cut.with({ COMPRESSOR: 'none', CHUNK_SIZE: '5M' }).zfs3backup('backup');
      expect(outcome).toMatchObject({ status: 1 });
      expect(outcome.stderr).toContain('internal error: I/O error');
      expect(await job.store.head(keyOf(data, 'daily-1'))).toBeUndefined();
      expect(await job.store.openUploads(keyOf(data, ''))).toEqual([]);
      expect(await cli.zfs3backup('backup')).toMatchObject({ status: 0 });
    });

    it.each(['SIGINT', 'SIGTERM'] as const)('leaves nothing behind on %s', async (signal) => {
      const { data, cli } = await start(`stopped by ${signal}`);
      await data.snapshot('daily-1', 12_000_000);
      const slow = await cutZfs(cli, 7_000_000, 'exec sleep 60');
      const program = execa(process.execPath, ['bin/zfs3backup.js', 'backup', '--drop-on-interrupt'], {
        env: { ...slow.env, COMPRESSOR: 'none', CHUNK_SIZE: '5M' },
        extendEnv: false,
        reject: false,
      });
      await expect
        .poll(async () => (await job.store.openUploads(keyOf(data, ''))).length, { timeout: 40_000 })
        .toBe(1);
      program.kill(signal);
      expect((await program).exitCode).toBe(signal === 'SIGINT' ? 130 : 143);
      expect(await job.store.openUploads(keyOf(data, ''))).toEqual([]);
      expect(await job.store.head(keyOf(data, 'daily-1'))).toBeUndefined();
    });

    it('goes on with a backup that was interrupted or killed, and sends no stored part again', async () => {
      const { data, cli } = await start('cut short');
      await data.snapshot('daily-1', 22_000_000);
      const env = { COMPRESSOR: 'none', CHUNK_SIZE: '5M', CONCURRENCY: '1' };
      for (const [signal, parts] of [
        ['SIGTERM', 2],
        ['SIGKILL', 3],
      ] as const) {
        const stuck = await cutZfs(cli, parts * 5_300_000, 'exec sleep 60');
        const program = execa(process.execPath, ['bin/zfs3backup.js', 'backup'], {
          env: { ...stuck.env, ...env },
          extendEnv: false,
          reject: false,
        });
        const stored = async () => {
          const [open] = await job.store.openUploads(keyOf(data, ''));
          return open ? (await open.listParts()).length : 0;
        };
        await expect.poll(stored, { timeout: 60_000 }).toBeGreaterThanOrEqual(parts);
        program.kill(signal);
        const outcome = await program;
        if (signal === 'SIGTERM') expect(outcome.stderr).toContain('goes on with it');
      }
      const rest = await cli.with(env).zfs3backup('backup', '--json');
      expect(rest).toMatchObject({ status: 0 });
      const [backup] = JSON.parse(rest.stdout).backups;
      expect(backup.skippedParts).toBeGreaterThanOrEqual(3);
      expect(backup.parts).toBeGreaterThan(backup.skippedParts);
      expect(await job.store.openUploads('')).toEqual([]);
      const target = `${pool.name}/after the cut`;
      expect(await cli.zfs3backup('restore', 'daily-1', '--to', target)).toMatchObject({ status: 0 });
      expect(await treeAt(pool, target)).toEqual(data.treeOf('daily-1'));
    });

    it('goes on with a restore that failed on the way', async () => {
      const { data, cli } = await start('on the way');
      for (const snapshot of ['daily-1', 'daily-2', 'daily-3']) await data.snapshot(snapshot);
      await cli.zfs3backup('backup', '--history');
      const target = `${pool.name}/half`;
      const real = (await execa('which', ['zfs'])).stdout;
      const failing = await cli.withProgram(
        'zfs',
        `#!/bin/sh\ncase "$*" in receive*daily-2) head -c 1000 >/dev/null; echo 'cannot receive: out of space' >&2; exit 1;; esac\nexec ${real} "$@"\n`,
      );
      const outcome = await failing.zfs3backup('restore', 'daily-3', '--to', target);
      expect(outcome).toMatchObject({ status: 1 });
      expect(outcome.stderr).toContain('cannot receive: out of space');
      expect(outcome.stderr).toContain(`${target}@daily-1`);
      expect(await treeAt(pool, target)).toEqual(data.treeOf('daily-1'));
      const rest = await cli.zfs3backup('restore', 'daily-3', '--to', target);
      expect(rest).toMatchObject({ status: 0 });
      expect(rest.stdout + rest.stderr).not.toContain(`${target}@daily-1`);
      expect(await treeAt(pool, target)).toEqual(data.treeOf('daily-3'));
    });

    it('refuses to build on a broken chain, before anything is sent', async () => {
      const { data, cli } = await start('broken');
      for (const snapshot of ['daily-1', 'daily-2', 'daily-3']) await data.snapshot(snapshot);
      await cli.zfs3backup('backup', '--history');
      await job.store.remove(keyOf(data, 'daily-1'));
      await data.snapshot('daily-4');
      const status = await cli.zfs3backup('status');
      expect(status).toMatchObject({ status: 3 });
      expect(status.stdout).toMatch(/missing parent[\s\S]*parent broken/);
      const refused = await cli.zfs3backup('backup');
      expect(refused).toMatchObject({ status: 3 });
      expect(refused.stderr).toContain('--full');
      expect(await job.store.head(keyOf(data, 'daily-4'))).toBeUndefined();
      const broken = await cli.zfs3backup('restore', 'daily-3', '--to', `${pool.name}/never`);
      expect(broken).toMatchObject({ status: 3 });
      expect(await cli.zfs3backup('backup', '--full')).toMatchObject({ status: 0 });
      const target = `${pool.name}/new chain`;
      expect(await cli.zfs3backup('restore', 'daily-4', '--to', target)).toMatchObject({ status: 0 });
    });

    it('names what does not exist, with exit status 4', async () => {
      const { data, cli } = await start('names');
      await data.snapshot('monthly-1');
      const prefix = await cli.zfs3backup('backup');
      expect(prefix).toMatchObject({ status: 4 });
      expect(prefix.stderr).toContain('No snapshot with the prefix daily');
      expect(prefix.stderr).toContain('monthly-1');
      for (const args of [
        ['backup', '--snapshot', 'daily-9'],
        ['restore', 'daily-9'],
        ['--dataset', `${pool.name}/none`, 'backup'],
        ['--dataset', `${pool.name}/none`, 'status'],
      ])
        expect(await cli.zfs3backup(...args), args.join(' ')).toMatchObject({ status: 4 });
    });

    it('tells of datasets below that are in no backup', async () => {
      const { data, cli } = await start('family');
      await pool.zfs('create', `${data.name}/child`);
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
      const { data, cli } = await start('elsewhere');
      await data.snapshot('daily-1');
      await cli.zfs3backup('backup');
      const bare = cli.with({ PATH: '/nonexistent' });
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
      const { data, cli } = await start('features');
      await data.snapshot('daily-1', 3_000_000);
      const dry = await cli.zfs3backup('backup', '--dry-run');
      expect(dry.stdout.includes('--estimated')).toBe(zfsKind === 'OpenZFS');
      await cli.zfs3backup('backup');
      const target = `${pool.name}/unmounted`;
      expect(await cli.zfs3backup('restore', 'daily-1', '--to', target)).toMatchObject({ status: 0 });
      const mounted = await pool.zfs('get', '-H', '-o', 'value', 'mounted', target);
      expect(mounted).toBe(zfsKind === 'OpenZFS' ? 'no' : 'yes');
    });
  });
}
