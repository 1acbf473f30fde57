import { setTimeout as wait } from 'node:timers/promises';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { createEncryptedDataset } from '../zfs/encrypted-dataset.ts';
import { readTree, writeRandomFile } from '../zfs/files.ts';
import { zfsKind } from '../zfs/zfs-kind.ts';
import { createDirectory } from './directory.ts';
import { createJobs, type Jobs } from './jobs.ts';
import type { Cli } from './run-cli.ts';
import { treeAt } from './test-dataset.ts';

let jobs: Jobs;

beforeAll(async () => {
  const settings = { COMPRESSOR: 'none', SNAPSHOT_PREFIX: 's' };
  jobs = await createJobs(await createDirectory(), settings, { megabytes: 1024 });
});

/** What an interrupted receive left; `-` for nothing, and where the ZFS knows no such thing. */
async function tokenOf(dataset: string): Promise<string> {
  const args = ['get', '-H', '-o', 'value', 'receive_resume_token', dataset];
  const { exitCode, stdout } = await execa('zfs', args, { reject: false });
  return exitCode === 0 ? stdout : '-';
}

/** One part after the other, so that the first bytes of the stream come before the last of the object. */
const SLOWLY = ['--bwlimit', '2500000', '--concurrency', '1', '--progress', 'json'];

/** Starts a slow restore and kills it, no signal it could answer to, when some MB have arrived. */
async function killHalfway(cli: Cli, target: string, snapshot: string, pauseMs = 1_000): Promise<void> {
  const argv = ['bin/zfs3backup.js', 'restore', snapshot, '--to', target];
  const program = execa(process.execPath, [...argv, ...SLOWLY], {
    env: { HOME: '/nonexistent', ...cli.env },
    extendEnv: false,
    reject: false,
    buffer: false,
  });
  let told = '';
  await new Promise<void>((resolve) => {
    program.stderr.on('data', (chunk) => {
      told += chunk;
      const bytes = [...told.matchAll(/"streamBytes":\s*(\d+)/g)].map(([, digits]) => Number(digits));
      if (Math.max(0, ...bytes) > 6_000_000) resolve();
    });
    void program.then(() => resolve());
  });
  // What is on disk counts: ZFS takes its time until it has what it was handed, and writes every few seconds only.
  for (const pause of [pauseMs, 0]) {
    const { failed } = await execa('zpool', ['sync', jobs.pool.name], { reject: false });
    // an old ZFS knows no such command, and keeps nothing either
    if (!failed) await wait(pause);
  }
  program.kill('SIGKILL');
  const { signal } = await program;
  expect(signal, told).toBe('SIGKILL');
  const receiving = async () =>
    (await execa('pgrep', ['-f', `receive .*${target}`], { reject: false })).stdout;
  await expect.poll(receiving, { timeout: 30_000 }).toBe('');
  // A busy machine may have had nothing on disk yet, and then there is nothing to go on with.
  const isTooEarly = zfsKind === 'OpenZFS' && (await tokenOf(target)) === '-' && pauseMs < 4_000;
  if (isTooEarly) return killHalfway(cli, target, snapshot, pauseMs + 1_000);
}

describe('a restore that was killed', () => {
  it('goes on where it was when it is run again, in a full one and in an incremental', async () => {
    const { data, cli } = await jobs.start('killed');
    await data.snapshot('s1', 24_000_000);
    await data.snapshot('s2', 24_000_000);
    expect(await cli.zfs3backup('backup', '--history')).toMatchObject({ status: 0 });
    const target = `${jobs.pool.name}/killed again`;
    for (const snapshot of ['s1', 's2']) {
      await killHalfway(cli, target, snapshot);
      const isKept = (await tokenOf(target)) !== '-';
      expect(isKept).toBe(zfsKind === 'OpenZFS');
      const again = await cli.zfs3backup('restore', snapshot, '--to', target);
      expect(again).toMatchObject({ status: 0 });
      expect(again.stderr.includes('It goes on with what an interrupted receive left')).toBe(isKept);
      expect(again.stderr).not.toContain('from its start');
      expect(await treeAt(jobs.pool, target)).toEqual(data.treeOf(snapshot));
      await jobs.pool.zfs('rollback', `${target}@${snapshot}`);
    }
  });

  it('starts that step again where the stream is a package', async () => {
    const { data, cli } = await jobs.start('package');
    await data.snapshot('s1', 24_000_000);
    expect(await cli.zfs3backup('backup', '--send-flags=-p')).toMatchObject({ status: 0 });
    const target = `${jobs.pool.name}/package again`;
    await killHalfway(cli, target, 's1');
    const again = await cli.zfs3backup('restore', 's1', '--to', target);
    expect(again).toMatchObject({ status: 0 });
    expect(again.stderr.includes('is received from its start')).toBe(zfsKind === 'OpenZFS');
    expect(await treeAt(jobs.pool, target)).toEqual(data.treeOf('s1'));
  });

  it('leaves what is named and in the way of another, until it is dropped', async () => {
    const { data, cli } = await jobs.start('in the way');
    const other = await jobs.start('another');
    await data.snapshot('s1', 24_000_000);
    await other.data.snapshot('s3', 1_000_000);
    for (const each of [cli, other.cli]) expect(await each.zfs3backup('backup')).toMatchObject({ status: 0 });
    const target = `${jobs.pool.name}/taken`;
    await killHalfway(cli, target, 's1');
    if (zfsKind === 'OpenZFS') {
      const refused = await other.cli.zfs3backup('restore', 's3', '--to', target, '--force');
      expect(refused).toMatchObject({ status: 3 });
      expect(refused.stderr).toContain(`an interrupted receive of "${data.name}@s1" left`);
      expect(refused.stderr).toContain('--abort-partial');
      expect(await tokenOf(target)).not.toBe('-');
    }
    const dropped = await other.cli.zfs3backup('restore', 's3', '--to', target, '--abort-partial');
    expect(dropped).toMatchObject({ status: 0 });
    expect(dropped.stderr.includes('will be dropped')).toBe(zfsKind === 'OpenZFS');
    expect(await treeAt(jobs.pool, target)).toEqual(other.data.treeOf('s3'));
  });
});

describe('restore --stdout', () => {
  it('makes the rest of a stream for a receiver that was interrupted', async () => {
    const { data, cli } = await jobs.start('rest');
    await data.snapshot('s1', 24_000_000);
    expect(await cli.zfs3backup('backup')).toMatchObject({ status: 0 });
    const target = `${jobs.pool.name}/rest-target`;
    await killHalfway(cli, target, 's1');
    const plan = await cli.zfs3backup('restore', 's1', '--to', target, '--dry-run');
    expect(plan).toMatchObject({ status: 0 });
    const line = plan.stdout.split('\n').find((each) => each.includes('zfs receive')) ?? '';
    expect(line.includes('--resume-token')).toBe(zfsKind === 'OpenZFS');
    expect(await cli.shell(line)).toMatchObject({ status: 0 });
    expect(await treeAt(jobs.pool, target)).toEqual(data.treeOf('s1'));
  });
});

describe('an encrypted dataset', () => {
  it('goes on after a kill without its key, and is the same with it', async () => {
    if (zfsKind !== 'OpenZFS')
      return expect(await jobs.pool.zfs('-?').catch(String)).not.toContain('load-key');
    const { name, folder, lock, unlock } = await createEncryptedDataset(jobs.pool, 'secret', 'passphrase');
    await writeRandomFile(`${folder}/data`, 24 * 1024 ** 2);
    const tree = await readTree(folder);
    await jobs.pool.zfs('snapshot', `${name}@s1`);
    await lock();
    const cli = (await jobs.cliOf(name)).with({ COMPRESSOR: 'zstd' });
    expect(await cli.zfs3backup('backup')).toMatchObject({ status: 0 });
    const target = `${jobs.pool.name}/secret-again`;
    await killHalfway(cli, target, 's1');
    expect(await tokenOf(target)).not.toBe('-');
    const again = await cli.zfs3backup('restore', 's1', '--to', target);
    expect(again).toMatchObject({ status: 0 });
    expect(again.stderr).toContain('It goes on with');
    expect(await jobs.pool.get('keystatus', target)).toBe('unavailable');
    await unlock(target);
    expect(await readTree(`${jobs.pool.mountpoint}/secret-again`)).toEqual(tree);
  });
});
