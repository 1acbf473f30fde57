import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { createJobs, type JobStore, type Jobs } from './jobs.ts';
import type { Cli } from './run-cli.ts';
import { treeAt } from './test-dataset.ts';

/** A `zfs` whose streams end after some bytes, and then does what `after` says. */
async function cutZfs(cli: Cli, bytes: number, after: string): Promise<Cli> {
  const { stdout: real } = await execa('which', ['zfs']);
  // by way of a file: zfs-fuse hangs when nobody takes the rest of a stream
  const send = `f=$(mktemp); ${real} "$@" > "$f"; head -c ${bytes} "$f"; rm "$f"; ${after}`;
  const script = `#!/bin/sh\nif [ "$1" = send ] && [ "$2" != -nvP ]; then ${send}; fi\nexec ${real} "$@"\n`;
  return cli.withProgram('zfs', script);
}

/** The main job where something fails or is in the way, against whatever store is given. */
export function describeFailingJob(name: string, openFresh: () => Promise<JobStore>): void {
  describe(`the main job on ${name}, when it fails`, () => {
    let jobs: Jobs;
    beforeAll(async () => {
      jobs = await createJobs(await openFresh(), { SNAPSHOT_PREFIX: 'daily' });
    });

    it('stores nothing of a stream whose producer failed', async () => {
      const { data, cli } = await jobs.start('cut');
      await data.snapshot('daily-1', 12_000_000);
      const cut = await cutZfs(cli, 7_000_000, "echo 'internal error: I/O error' >&2; exit 1");
      const outcome = await cut.with({ COMPRESSOR: 'none', CHUNK_SIZE: '5M' }).zfs3backup('backup');
      expect(outcome).toMatchObject({ status: 1 });
      expect(outcome.stderr).toContain('internal error: I/O error');
      expect(await jobs.store.head(jobs.keyOf(data, 'daily-1'))).toBeUndefined();
      expect(await jobs.store.openUploads(jobs.keyOf(data, ''))).toEqual([]);
      expect(await cli.zfs3backup('backup')).toMatchObject({ status: 0 });
    });

    it.each(['SIGINT', 'SIGTERM'] as const)('leaves nothing behind on %s', async (signal) => {
      const { data, cli } = await jobs.start(`stopped by ${signal}`);
      await data.snapshot('daily-1', 12_000_000);
      const slow = await cutZfs(cli, 7_000_000, 'exec sleep 60');
      const program = execa(process.execPath, ['bin/zfs3backup.js', 'backup', '--drop-on-interrupt'], {
        env: { ...slow.env, COMPRESSOR: 'none', CHUNK_SIZE: '5M' },
        extendEnv: false,
        reject: false,
      });
      await expect
        .poll(async () => (await jobs.store.openUploads(jobs.keyOf(data, ''))).length, { timeout: 40_000 })
        .toBe(1);
      program.kill(signal);
      expect((await program).exitCode).toBe(signal === 'SIGINT' ? 130 : 143);
      expect(await jobs.store.openUploads(jobs.keyOf(data, ''))).toEqual([]);
      expect(await jobs.store.head(jobs.keyOf(data, 'daily-1'))).toBeUndefined();
    });

    it('goes on with a backup that was interrupted or killed, and sends no stored part again', async () => {
      const { data, cli } = await jobs.start('cut short');
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
          const [open] = await jobs.store.openUploads(jobs.keyOf(data, ''));
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
      expect(await jobs.store.openUploads('')).toEqual([]);
      const target = `${jobs.pool.name}/after the cut`;
      expect(await cli.zfs3backup('restore', 'daily-1', '--to', target)).toMatchObject({ status: 0 });
      expect(await treeAt(jobs.pool, target)).toEqual(data.treeOf('daily-1'));
    });

    it('goes on with a restore that failed on the way', async () => {
      const { data, cli } = await jobs.start('on the way');
      for (const snapshot of ['daily-1', 'daily-2', 'daily-3']) await data.snapshot(snapshot);
      await cli.zfs3backup('backup', '--history');
      const target = `${jobs.pool.name}/half`;
      const real = (await execa('which', ['zfs'])).stdout;
      const failing = await cli.withProgram(
        'zfs',
        `#!/bin/sh\ncase "$*" in receive*daily-2) head -c 1000 >/dev/null; echo 'cannot receive: out of space' >&2; exit 1;; esac\nexec ${real} "$@"\n`,
      );
      const outcome = await failing.zfs3backup('restore', 'daily-3', '--to', target);
      expect(outcome).toMatchObject({ status: 1 });
      expect(outcome.stderr).toContain('cannot receive: out of space');
      expect(outcome.stdout).toMatch(`received ${target}@daily-1: `);
      expect(outcome.stderr).toContain(`${target}@daily-1`);
      expect(await treeAt(jobs.pool, target)).toEqual(data.treeOf('daily-1'));
      const rest = await cli.zfs3backup('restore', 'daily-3', '--to', target);
      expect(rest).toMatchObject({ status: 0 });
      expect(rest.stdout + rest.stderr).not.toContain(`${target}@daily-1`);
      expect(await treeAt(jobs.pool, target)).toEqual(data.treeOf('daily-3'));
    });

    it('refuses to build on a broken chain, before anything is sent', async () => {
      const { data, cli } = await jobs.start('broken');
      for (const snapshot of ['daily-1', 'daily-2', 'daily-3']) await data.snapshot(snapshot);
      await cli.zfs3backup('backup', '--history');
      await jobs.store.remove(jobs.keyOf(data, 'daily-1'));
      await data.snapshot('daily-4');
      const status = await cli.zfs3backup('status');
      expect(status).toMatchObject({ status: 3 });
      expect(status.stdout).toMatch(/missing parent[\s\S]*parent broken/);
      const refused = await cli.zfs3backup('backup');
      expect(refused).toMatchObject({ status: 3 });
      expect(refused.stderr).toContain('--full');
      expect(await jobs.store.head(jobs.keyOf(data, 'daily-4'))).toBeUndefined();
      const broken = await cli.zfs3backup('restore', 'daily-3', '--to', `${jobs.pool.name}/never`);
      expect(broken).toMatchObject({ status: 3 });
      expect(await cli.zfs3backup('backup', '--full')).toMatchObject({ status: 0 });
      const target = `${jobs.pool.name}/new chain`;
      expect(await cli.zfs3backup('restore', 'daily-4', '--to', target)).toMatchObject({ status: 0 });
    });

    it('names what does not exist, with exit status 4', async () => {
      const { data, cli } = await jobs.start('names');
      await data.snapshot('monthly-1');
      const prefix = await cli.zfs3backup('backup');
      expect(prefix).toMatchObject({ status: 4 });
      expect(prefix.stderr).toContain('No snapshot with the prefix daily');
      expect(prefix.stderr).toContain('monthly-1');
      for (const args of [
        ['backup', '--snapshot', 'daily-9'],
        ['restore', 'daily-9'],
        ['--dataset', `${jobs.pool.name}/none`, 'backup'],
        ['--dataset', `${jobs.pool.name}/none`, 'status'],
      ])
        expect(await cli.zfs3backup(...args), args.join(' ')).toMatchObject({ status: 4 });
    });
  });
}
