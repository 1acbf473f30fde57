import { existsSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { createTestPool, type TestPool } from '../zfs/test-pool.ts';
import { zfsKind } from '../zfs/zfs-kind.ts';
import { type Cli, createCli } from './run-cli.ts';
import { createTestDataset, type TestDataset, treeAt } from './test-dataset.ts';

let pool: TestPool;
let store: string;

beforeAll(async () => {
  pool = await createTestPool({ megabytes: 1024 });
  store = `file://${await mkdtemp(join(tmpdir(), 'z3b-store-'))}`;
  // a VM that nobody logs in to has no terminals
  if (!existsSync('/dev/pts/ptmx'))
    await execa('bash', ['-c', 'mkdir -p /dev/pts && mount -t devpts -o ptmxmode=666 devpts /dev/pts']);
});

async function start(name: string): Promise<{ data: TestDataset; cli: Cli }> {
  const data = await createTestDataset(pool, name);
  const env = { ZFS3BACKUP_STORE: store, FILESYSTEM: data.name, COMPRESSOR: 'none', SNAPSHOT_PREFIX: 's' };
  return { data, cli: await createCli(env) };
}

async function property(name: string, of: string): Promise<string> {
  return pool.zfs('get', '-Hp', '-o', 'value', name, of);
}

/** What an interrupted receive left; `-` for nothing, and where the ZFS knows no such thing. */
async function tokenOf(dataset: string): Promise<string> {
  const args = ['get', '-H', '-o', 'value', 'receive_resume_token', dataset];
  const { exitCode, stdout } = await execa('zfs', args, { reject: false });
  return exitCode === 0 ? stdout : '-';
}

/** One part after the other, so that the first bytes of the stream come before the last of the object. */
const SLOWLY = ['--bwlimit', '4000000', '--concurrency', '1', '--progress', 'json'];

/** Starts a slow restore and kills it, no signal it could answer to, when some MB have arrived. */
async function killHalfway(cli: Cli, target: string, ...args: readonly string[]): Promise<void> {
  const argv = ['bin/zfs3backup.js', 'restore', ...args, '--to', target];
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
  // what is on disk counts, and ZFS writes every few seconds only
  await execa('zpool', ['sync', pool.name], { reject: false });
  program.kill('SIGKILL');
  const { signal } = await program;
  expect(signal, told).toBe('SIGKILL');
  const receiving = async () =>
    (await execa('pgrep', ['-f', `receive .*${target}`], { reject: false })).stdout;
  await expect.poll(receiving, { timeout: 30_000 }).toBe('');
}

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

describe('a restore that was killed', () => {
  it('goes on where it was when it is run again, in a full one and in an incremental', async () => {
    const { data, cli } = await start('killed');
    await data.snapshot('s1', 24_000_000);
    await data.snapshot('s2', 24_000_000);
    expect(await cli.zfs3backup('backup', '--history')).toMatchObject({ status: 0 });
    const target = `${pool.name}/killed again`;
    for (const snapshot of ['s1', 's2']) {
      await killHalfway(cli, target, snapshot);
      const isKept = (await tokenOf(target)) !== '-';
      expect(isKept).toBe(zfsKind === 'OpenZFS');
      const again = await cli.zfs3backup('restore', snapshot, '--to', target);
      expect(again).toMatchObject({ status: 0 });
      expect(again.stderr.includes('It goes on with what an interrupted receive left')).toBe(isKept);
      expect(again.stderr).not.toContain('from its start');
      expect(await treeAt(pool, target)).toEqual(data.treeOf(snapshot));
      await pool.zfs('rollback', `${target}@${snapshot}`);
    }
  });

  it('starts that step again where the stream is a package', async () => {
    const { data, cli } = await start('package');
    await data.snapshot('s1', 24_000_000);
    expect(await cli.zfs3backup('backup', '--send-flags=-p')).toMatchObject({ status: 0 });
    const target = `${pool.name}/package again`;
    await killHalfway(cli, target, 's1');
    const again = await cli.zfs3backup('restore', 's1', '--to', target);
    expect(again).toMatchObject({ status: 0 });
    expect(again.stderr.includes('is received from its start')).toBe(zfsKind === 'OpenZFS');
    expect(await treeAt(pool, target)).toEqual(data.treeOf('s1'));
  });

  it('leaves what is named and in the way of another, until it is dropped', async () => {
    const { data, cli } = await start('in the way');
    const other = await start('another');
    await data.snapshot('s1', 24_000_000);
    await other.data.snapshot('s3', 1_000_000);
    for (const each of [cli, other.cli]) expect(await each.zfs3backup('backup')).toMatchObject({ status: 0 });
    const target = `${pool.name}/taken`;
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
    expect(await treeAt(pool, target)).toEqual(other.data.treeOf('s3'));
  });
});

describe('what would be lost', () => {
  async function withChanges(name: string) {
    const { data, cli } = await start(name);
    for (const snapshot of ['s1', 's2']) await data.snapshot(snapshot);
    expect(await cli.zfs3backup('backup', '--history')).toMatchObject({ status: 0 });
    const target = `${pool.name}/${name}-target`;
    expect(await cli.zfs3backup('restore', 's1', '--to', target)).toMatchObject({ status: 0 });
    await pool.zfs('snapshot', `${target}@mine`);
    const line = `${process.execPath} bin/zfs3backup.js restore s2 --to ${target}`;
    return { data, cli, target, line };
  }
  const mine = async (target: string) =>
    (await pool.zfs('list', '-t', 'snapshot')).includes(`${target}@mine`);

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
    expect(await treeAt(pool, target)).toEqual(data.treeOf('s2'));
  });

  it('is not hidden by a ZFS that cannot tell what was written', async () => {
    const { data, cli } = await start('written');
    for (const snapshot of ['s1', 's2']) await data.snapshot(snapshot);
    expect(await cli.zfs3backup('backup', '--history')).toMatchObject({ status: 0 });
    const target = `${pool.name}/written-target`;
    expect(await cli.zfs3backup('restore', 's1', '--to', target, '--mount')).toMatchObject({ status: 0 });
    await treeAt(pool, target);
    await writeFile(join(pool.mountpoint, 'written-target', 'mine'), 'a day of work');
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
    expect(await treeAt(pool, target)).toEqual(data.treeOf('s2'));
    await pool.zfs('rollback', '-r', `${target}@s1`);
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
    const { data, cli } = await start('properties');
    await pool.zfs('set', 'org.z3b:note=of the original', data.name);
    await data.snapshot('s1');
    expect(await cli.zfs3backup('backup', '--send-flags=-p')).toMatchObject({ status: 0 });
    const target = `${pool.name}/other properties`;
    const asked = ['-o', 'org.z3b:mine=a = b', '-o', 'canmount=noauto', '-x', 'org.z3b:note'];
    const outcome = await cli.zfs3backup('restore', 's1', '--to', target, ...asked);
    if (zfsKind !== 'OpenZFS') return expect(outcome).toMatchObject({ status: 1 });
    expect(outcome).toMatchObject({ status: 0 });
    expect(await property('org.z3b:mine', target)).toBe('a = b');
    expect(await property('canmount', target)).toBe('noauto');
    expect(await property('org.z3b:note', target)).toBe('-');
  });

  it('of a stream do not mount what lands elsewhere in the place of the original', async () => {
    const { data, cli } = await start('place');
    const place = join(pool.mountpoint, 'a place of its own');
    await pool.zfs('set', `mountpoint=${place}`, data.name);
    await pool.zfs('snapshot', `${data.name}@s1`);
    const flags = ['--send-flags=-p', '--no-holds'];
    expect(await cli.zfs3backup('backup', ...flags)).toMatchObject({ status: 0 });
    const target = `${pool.name}/elsewhere`;
    expect(await cli.zfs3backup('restore', 's1', '--to', target)).toMatchObject({ status: 0 });
    const inherited = join(pool.mountpoint, 'elsewhere');
    expect(await property('mountpoint', target)).toBe(zfsKind === 'OpenZFS' ? inherited : place);
    // where nothing is left out it is mounted over the original
    if (zfsKind !== 'OpenZFS') await pool.destroyDataset(target);
    await pool.destroyDataset(data.name);
    expect(await cli.zfs3backup('restore', 's1')).toMatchObject({ status: 0 });
    expect(await property('mountpoint', data.name)).toBe(place);
  });
});

it('a package of a dataset and those below it (-R) arrives with all of them', async () => {
  const { data, cli } = await start('family');
  await pool.zfs('create', `${data.name}/child`);
  for (const snapshot of ['s1', 's2']) {
    await data.snapshot(snapshot);
    await pool.zfs('snapshot', `${data.name}/child@${snapshot}`);
    expect(await cli.zfs3backup('backup', '--send-flags=-R')).toMatchObject({ status: 0 });
  }
  const target = `${pool.name}/family-again`;
  expect(await cli.zfs3backup('restore', 's2', '--to', target)).toMatchObject({ status: 0 });
  expect(await treeAt(pool, target)).toEqual(data.treeOf('s2'));
  expect(await pool.zfs('list', '-H', '-o', 'name', '-t', 'snapshot')).toContain(`${target}/child@s2`);
});

describe('restore --stdout', () => {
  it("serves a person's own pipe", async () => {
    const { data, cli } = await start('piped');
    for (const snapshot of ['s1', 's2']) await data.snapshot(snapshot);
    const packed = cli.with({ COMPRESSOR: 'zstd' });
    expect(await packed.zfs3backup('backup', '--history')).toMatchObject({ status: 0 });
    const target = `${pool.name}/by-hand`;
    for (const which of ['s1', '--latest']) {
      const piped = await cli.shell(`zfs3backup restore --stdout ${which} | zfs receive ${target}`);
      expect(piped).toMatchObject({ status: 0 });
      if (which === 's1') await pool.zfs('rollback', `${target}@s1`);
      else expect(piped.stderr).toContain('on top of s1');
    }
    expect(await treeAt(pool, target)).toEqual(data.treeOf('s2'));
    const shown = await atTerminal(cli, `${process.execPath} bin/zfs3backup.js restore --stdout s1`, '');
    expect(shown).toMatchObject({ status: 2 });
    expect(shown.shown).toContain('stdout is a terminal');
  });

  it('makes the rest of a stream for a receiver that was interrupted', async () => {
    const { data, cli } = await start('rest');
    await data.snapshot('s1', 24_000_000);
    expect(await cli.zfs3backup('backup')).toMatchObject({ status: 0 });
    const target = `${pool.name}/rest-target`;
    await killHalfway(cli, target, 's1');
    const plan = await cli.zfs3backup('restore', 's1', '--to', target, '--dry-run');
    expect(plan).toMatchObject({ status: 0 });
    const line = plan.stdout.split('\n').find((each) => each.includes('zfs receive')) ?? '';
    expect(line.includes('--resume-token')).toBe(zfsKind === 'OpenZFS');
    expect(await cli.shell(line)).toMatchObject({ status: 0 });
    expect(await treeAt(pool, target)).toEqual(data.treeOf('s1'));
  });
});

describe('an encrypted dataset', () => {
  it('goes on after a kill without its key, and is the same with it', async () => {
    if (zfsKind !== 'OpenZFS') return expect(await pool.zfs('-?').catch(String)).not.toContain('load-key');
    const name = `${pool.name}/secret`;
    const key = join(tmpdir(), `z3b-key-${process.pid}`);
    await execa('bash', ['-c', `printf 'a long passphrase' > '${key}'`]);
    const encryption = [
      '-o',
      'encryption=on',
      '-o',
      'keyformat=passphrase',
      '-o',
      `keylocation=file://${key}`,
    ];
    await pool.zfs('create', ...encryption, name);
    await execa('dd', ['if=/dev/urandom', `of=${pool.mountpoint}/secret/data`, 'bs=1M', 'count=24']);
    const sum = async (file: string) => (await execa('sha256sum', [file])).stdout.split(' ')[0];
    const before = await sum(`${pool.mountpoint}/secret/data`);
    await pool.zfs('snapshot', `${name}@s1`);
    await pool.zfs('unmount', name);
    await pool.zfs('unload-key', name);
    const cli = await createCli({ ZFS3BACKUP_STORE: store, FILESYSTEM: name, SNAPSHOT_PREFIX: 's' });
    expect(await cli.zfs3backup('backup')).toMatchObject({ status: 0 });
    const target = `${pool.name}/secret-again`;
    await killHalfway(cli, target, 's1');
    expect(await tokenOf(target)).not.toBe('-');
    const again = await cli.zfs3backup('restore', 's1', '--to', target);
    expect(again).toMatchObject({ status: 0 });
    expect(again.stderr).toContain('It goes on with');
    expect(await property('keystatus', target)).toBe('unavailable');
    await pool.zfs('load-key', '-L', `file://${key}`, target);
    await pool.zfs('mount', target);
    expect(await sum(`${pool.mountpoint}/secret-again/data`)).toBe(before);
  });
});
