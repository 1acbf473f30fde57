import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { zfsKind } from '../zfs/zfs-kind.ts';
import { createDirectory } from './directory.ts';
import { createJobs, type Jobs } from './jobs.ts';
import type { Cli } from './run-cli.ts';
import { treeAt } from './test-dataset.ts';

let jobs: Jobs;

beforeAll(async () => {
  jobs = await createJobs(await createDirectory(), { COMPRESSOR: 'none', SNAPSHOT_PREFIX: 's' });
  // a VM that nobody logs in to has no terminals
  if (!existsSync('/dev/pts/ptmx'))
    await execa('bash', ['-c', 'mkdir -p /dev/pts && mount -t devpts -o ptmxmode=666 devpts /dev/pts']);
});

/** A line at a terminal, to which this is typed. */
async function atTerminal(cli: Cli, line: string, typed: string) {
  const { exitCode, stdout } = await execa('script', ['-qec', line, '/dev/null'], {
    env: { HOME: '/nonexistent', TERM: 'dumb', ...cli.env },
    extendEnv: false,
    reject: false,
    input: typed,
  });
  return { status: exitCode, shown: stdout };
}

describe('what would be lost', () => {
  async function withChanges(name: string) {
    const { data, cli } = await jobs.start(name);
    for (const snapshot of ['s1', 's2']) await data.snapshot(snapshot);
    expect(await cli.zfs3backup('backup', '--history')).toMatchObject({ status: 0 });
    const target = `${jobs.pool.name}/${name}-target`;
    expect(await cli.zfs3backup('restore', 's1', '--to', target)).toMatchObject({ status: 0 });
    await jobs.pool.zfs('snapshot', `${target}@mine`);
    const line = `${process.execPath} bin/zfs3backup.js restore s2 --to ${target}`;
    return { data, cli, target, line };
  }
  const mine = async (target: string) =>
    (await jobs.pool.zfs('list', '-t', 'snapshot')).includes(`${target}@mine`);

  it('is shown and asked for at a terminal', async () => {
    const { data, cli, target, line } = await withChanges('asked');
    const refused = await atTerminal(cli, line, 'n\n');
    expect(refused).toMatchObject({ status: 3 });
    expect(refused.shown).toContain(`will be lost: the snapshot ${target}@mine`);
    expect(refused.shown).toContain('Go on? [y/N]');
    expect(refused.shown).toContain('Nothing was changed.');
    expect(await mine(target)).toBe(true);
    expect(await atTerminal(cli, line, 'y\n')).toMatchObject({ status: 0 });
    expect(await mine(target)).toBe(false);
    expect(await treeAt(jobs.pool, target)).toEqual(data.treeOf('s2'));
  });

  it('is not hidden by a ZFS that cannot tell what was written', async () => {
    const { data, cli } = await jobs.start('written');
    for (const snapshot of ['s1', 's2']) await data.snapshot(snapshot);
    expect(await cli.zfs3backup('backup', '--history')).toMatchObject({ status: 0 });
    const target = `${jobs.pool.name}/written-target`;
    expect(await cli.zfs3backup('restore', 's1', '--to', target, '--mount')).toMatchObject({ status: 0 });
    await treeAt(jobs.pool, target);
    await writeFile(join(jobs.pool.mountpoint, 'written-target', 'mine'), 'a day of work');
    const lost =
      zfsKind === 'OpenZFS' ? / bytes written since the newest snapshot/ : /has been modified|cannot tell/;
    const refused = await cli.zfs3backup('restore', 's2', '--to', target);
    expect(refused).toMatchObject({ status: 3, stderr: expect.stringMatching(lost) });
    expect(refused.stderr).toMatch(/--to .*--force/);
    const forced = ['restore', 's2', '--to', target, '--force'];
    const dry = await cli.zfs3backup(...forced, '--dry-run');
    expect(dry).toMatchObject({ status: 0, stdout: expect.stringMatching(/would be lost: /) });
    const { losses } = JSON.parse((await cli.zfs3backup(...forced, '--dry-run', '--json')).stdout);
    expect(losses).toEqual([expect.stringMatching(lost)]);
    expect(await cli.zfs3backup(...forced)).toMatchObject({ status: 0 });
    expect(await treeAt(jobs.pool, target)).toEqual(data.treeOf('s2'));
    await jobs.pool.zfs('rollback', '-r', `${target}@s1`);
    // without anything written no force is needed
    expect(await cli.zfs3backup('restore', 's2', '--to', target)).toMatchObject({ status: 0 });
  });

  it('needs --force where nobody can be asked, and --yes is not that', async () => {
    const { cli, target } = await withChanges('forced');
    for (const args of [[], ['--yes']]) {
      const refused = await cli.zfs3backup('restore', 's2', '--to', target, ...args);
      expect(refused).toMatchObject({ status: 3 });
      expect(refused.stderr).toContain(`the snapshot ${target}@mine`);
    }
    expect(await mine(target)).toBe(true);
    expect(await cli.zfs3backup('restore', 's2', '--to', target, '--force')).toMatchObject({ status: 0 });
    expect(await mine(target)).toBe(false);
  });
});

describe('properties', () => {
  it('are set and left out as asked', async () => {
    const { data, cli } = await jobs.start('properties');
    await jobs.pool.zfs('set', 'org.z3b:note=of the original', data.name);
    await data.snapshot('s1');
    expect(await cli.zfs3backup('backup', '--send-flags=-p')).toMatchObject({ status: 0 });
    const target = `${jobs.pool.name}/other properties`;
    const asked = ['-o', 'org.z3b:mine=a = b', '-o', 'canmount=noauto', '-x', 'org.z3b:note'];
    const outcome = await cli.zfs3backup('restore', 's1', '--to', target, ...asked);
    if (zfsKind !== 'OpenZFS') return expect(outcome).toMatchObject({ status: 1 });
    expect(outcome).toMatchObject({ status: 0 });
    expect(await jobs.pool.get('org.z3b:mine', target)).toBe('a = b');
    expect(await jobs.pool.get('canmount', target)).toBe('noauto');
    expect(await jobs.pool.get('org.z3b:note', target)).toBe('-');
  });

  it('of a stream do not mount what lands elsewhere in the place of the original', async () => {
    const { data, cli } = await jobs.start('place');
    const place = join(jobs.pool.mountpoint, 'a place of its own');
    await jobs.pool.zfs('set', `mountpoint=${place}`, data.name);
    await jobs.pool.zfs('snapshot', `${data.name}@s1`);
    const flags = ['--send-flags=-p', '--no-holds'];
    expect(await cli.zfs3backup('backup', ...flags)).toMatchObject({ status: 0 });
    const target = `${jobs.pool.name}/elsewhere`;
    expect(await cli.zfs3backup('restore', 's1', '--to', target)).toMatchObject({ status: 0 });
    const inherited = join(jobs.pool.mountpoint, 'elsewhere');
    expect(await jobs.pool.get('mountpoint', target)).toBe(zfsKind === 'OpenZFS' ? inherited : place);
    // where nothing is left out it is mounted over the original
    if (zfsKind !== 'OpenZFS') await jobs.pool.destroyDataset(target);
    await jobs.pool.destroyDataset(data.name);
    expect(await cli.zfs3backup('restore', 's1')).toMatchObject({ status: 0 });
    expect(await jobs.pool.get('mountpoint', data.name)).toBe(place);
  });
});

it('a package of a dataset and those below it (-R) arrives with all of them', async () => {
  const { data, cli } = await jobs.start('family');
  await jobs.pool.zfs('create', `${data.name}/child`);
  for (const snapshot of ['s1', 's2']) {
    await data.snapshot(snapshot);
    await jobs.pool.zfs('snapshot', `${data.name}/child@${snapshot}`);
    expect(await cli.zfs3backup('backup', '--send-flags=-R')).toMatchObject({ status: 0 });
  }
  const target = `${jobs.pool.name}/family-again`;
  expect(await cli.zfs3backup('restore', 's2', '--to', target)).toMatchObject({ status: 0 });
  expect(await treeAt(jobs.pool, target)).toEqual(data.treeOf('s2'));
  expect(await jobs.pool.zfs('list', '-H', '-o', 'name', '-t', 'snapshot')).toContain(`${target}/child@s2`);
});

describe('restore --stdout', () => {
  it("serves a person's own pipe", async () => {
    const { data, cli } = await jobs.start('piped');
    for (const snapshot of ['s1', 's2']) await data.snapshot(snapshot);
    const packed = cli.with({ COMPRESSOR: 'zstd' });
    expect(await packed.zfs3backup('backup', '--history')).toMatchObject({ status: 0 });
    const target = `${jobs.pool.name}/by-hand`;
    for (const which of ['s1', '--latest']) {
      const piped = await cli.shell(`zfs3backup restore --stdout ${which} | zfs receive ${target}`);
      expect(piped).toMatchObject({ status: 0 });
      if (which === 's1') await jobs.pool.zfs('rollback', `${target}@s1`);
      else expect(piped.stderr).toContain('on top of s1');
    }
    expect(await treeAt(jobs.pool, target)).toEqual(data.treeOf('s2'));
    const shown = await atTerminal(cli, `${process.execPath} bin/zfs3backup.js restore --stdout s1`, '');
    expect(shown).toMatchObject({ status: 2 });
    expect(shown.shown).toContain('stdout is a terminal');
  });
});
