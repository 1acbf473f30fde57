import { chmod, chown, mkdtemp, readFile, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDataset, type TestDataset, treeAt } from '../main/test-dataset.ts';
import { createTestFolder } from '../test-folder.ts';
import { createTestPool, type TestPool } from './test-pool.ts';
import { zfsKind } from './zfs-kind.ts';

/** Debian's `nobody`, who owns nothing. */
const NOBODY = 65_534;
const PAGE = join(import.meta.dirname, '../../docs/security.md');

let pool: TestPool;
let data: TestDataset;
let folder: string;
/** The checkout in a place that everybody may read, wherever it is. */
let checkout: string;
beforeAll(async () => {
  pool = await createTestPool();
  data = await createTestDataset(pool, 'data');
  folder = await createTestFolder('delegated');
  await chown(folder, NOBODY, NOBODY);
  checkout = await mkdtemp(join(tmpdir(), 'z3b-checkout-'));
  if (zfsKind === 'zfs-fuse') return;
  // What udev does where it runs.
  await chmod('/dev/zfs', 0o666);
  await chmod(checkout, 0o755);
  await execa('mount', ['--bind', join(import.meta.dirname, '../..'), checkout]);
});
afterAll(async () => {
  if (zfsKind === 'OpenZFS') await execa('umount', [checkout]);
  await rmdir(checkout);
});

/** The lines of docs/security.md, for these datasets and this user. */
async function readAllowLines(): Promise<readonly (readonly string[])[]> {
  const page = await readFile(PAGE, 'utf8');
  const lines = [...page.matchAll(/^zfs (allow -u zfs3backup .*)$/gm)].map(([, line = '']) =>
    line
      .replace('zfs3backup', 'nobody')
      .replace('tank/data', data.name)
      .replace('tank/restore', `${pool.name}/restore`),
  );
  return lines.map((line) => line.split(' '));
}

/** A program as `nobody`, with nothing of root's left. */
async function asNobody(...command: readonly string[]) {
  const ids = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--no-new-privs'];
  const { exitCode, stdout, stderr } = await execa('setpriv', [...ids, ...command], {
    env: {
      ...{ PATH: process.env['PATH'], HOME: '/nonexistent', SKIP_CONFIG_FILE: 'true' },
      ...{ ZFS3BACKUP_STORE: `file://${folder}`, FILESYSTEM: data.name, SNAPSHOT_PREFIX: 'daily' },
    },
    ...{ extendEnv: false, reject: false, stdin: 'ignore', cwd: '/' },
  });
  return { status: exitCode, stdout, stderr };
}

const zfs3backup = (...args: readonly string[]) =>
  asNobody(process.execPath, join(checkout, 'bin/zfs3backup.js'), ...args);

describe('a user who is not root', () => {
  it('is refused without a permission, and told what to type', async () => {
    await data.snapshot('daily-1');
    // It lets only root in at all.
    if (zfsKind === 'zfs-fuse') return expect((await asNobody('zfs', 'list')).status).not.toBe(0);
    const { status, stdout } = await zfs3backup('doctor');
    expect(status).toBe(1);
    expect(stdout).toContain(`As root: zfs allow -u nobody send,bookmark,hold,release ${data.name}`);
    expect((await zfs3backup('backup')).status).toBe(1);
  });

  it('backs up, goes on and leaves its marks by what docs/security.md allows', async () => {
    const [backup] = await readAllowLines();
    expect(backup).toBeDefined();
    if (zfsKind === 'zfs-fuse') return expect(pool.zfs(...(backup ?? []))).rejects.toThrow();
    await pool.zfs(...(backup ?? []));
    const doctor = await zfs3backup('doctor');
    expect(doctor.stdout).toContain(`nobody may send ${data.name} and mark what the next backup needs`);
    expect(doctor.status).toBe(0);
    expect(await zfs3backup('backup')).toMatchObject({
      status: 0,
      stderr: expect.not.stringContaining('denied'),
    });
    await data.snapshot('daily-2');
    const second = await zfs3backup('backup');
    expect(second).toMatchObject({ status: 0 });
    const status = await zfs3backup('status');
    expect(status.stdout).toMatch(/daily-2 .*daily-1 .*incremental .*ok, held/);
    expect(await pool.zfs('list', '-H', '-o', 'name', '-t', 'bookmark', '-r', data.name)).toContain(
      'daily-2',
    );
    expect(await pool.zfs('holds', '-H', `${data.name}@daily-1`)).toBe('');
  });

  it('can neither destroy nor roll back nor change what it backs up', async () => {
    if (zfsKind === 'zfs-fuse') return expect((await asNobody('zfs', 'list')).status).not.toBe(0);
    await pool.zfs('snapshot', `${data.name}@other`);
    for (const command of [
      ['destroy', `${data.name}@other`],
      ['destroy', '-r', data.name],
      ['rollback', '-r', `${data.name}@daily-2`],
      ['set', 'compression=off', data.name],
      ['allow', '-u', 'nobody', 'destroy', data.name],
      ['snapshot', `${data.name}@of-a-thief`],
      ['rename', data.name, `${data.name}-gone`],
    ])
      expect((await asNobody('zfs', ...command)).status, command.join(' ')).not.toBe(0);
    expect(await data.tree()).toEqual(data.treeOf('daily-2'));
  });

  it('restores below what it was given, unmounted', async () => {
    const [, restore] = await readAllowLines();
    expect(restore).toBeDefined();
    if (zfsKind === 'zfs-fuse') return expect(pool.zfs(...(restore ?? []))).rejects.toThrow();
    await pool.zfs('create', '-o', 'canmount=off', `${pool.name}/restore`);
    const target = `${pool.name}/restore/data`;
    expect((await zfs3backup('restore', 'daily-2', '--to', target)).status).not.toBe(0);
    await pool.zfs(...(restore ?? []));
    const first = await zfs3backup('restore', 'daily-1', '--to', target);
    expect(first).toMatchObject({ status: 0 });
    expect(await zfs3backup('restore', 'daily-2', '--to', target)).toMatchObject({ status: 0 });
    expect(await pool.get('mounted', target)).toBe('no');
    expect(await treeAt(pool, target)).toEqual(data.treeOf('daily-2'));
    expect((await zfs3backup('restore', 'daily-2', '--to', `${pool.name}/elsewhere`)).status).not.toBe(0);
  });
});
