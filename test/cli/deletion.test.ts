import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runZfs3backup } from '../../src/cli/main.ts';
import { createDirectoryStore } from '../../src/store/directory-store.ts';
import { leaveUpload } from '../transfer/leave-upload.ts';
import { checkFields } from './check-fields.ts';
import { jsonTable } from './docs-tables.ts';
import { fakeZfs } from './fake-zfs.ts';
import { runCli } from './run-cli.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'deletion-'));
});
afterEach(() => rm(folder, { recursive: true }));

const open = () => createDirectoryStore({ path: folder, prefix: 'zfs3backup-backup' });

const zfs3backup = (...words: readonly string[]) =>
  runCli(runZfs3backup, [...words, '--store', `file://${folder}`, '--log-level', 'warn']);

/** The same at a terminal, where somebody types. */
const atTerminal = (typed: string, ...words: readonly string[]) =>
  runCli(runZfs3backup, [...words, '--store', `file://${folder}`], {
    stdin: Object.assign(Readable.from([typed]), { isTTY: true }),
    terminal: { isTTY: true, columns: 100 },
  });

async function putBackup(name: string, parent?: string): Promise<void> {
  const metadata = parent === undefined ? { isfull: 'true' } : { parent: `tank/a@${parent}` };
  await open().put(`zfs3backup-backup/tank/a@${name}`, Buffer.from('0123456789'), { metadata });
}

async function names(): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of open().list('zfs3backup-backup/'))
    found.push(key.slice('zfs3backup-backup/'.length));
  return found;
}

/** Two chains: a, b<a, c<b; d, e<d. */
async function putTwoChains(): Promise<void> {
  await putBackup('a');
  await putBackup('b', 'a');
  await putBackup('c', 'b');
  await putBackup('d');
  await putBackup('e', 'd');
}

describe('prune', () => {
  it('shows every backup with its reason, and deletes nothing in a dry run', async () => {
    await putTwoChains();
    const { status, stdout } = await zfs3backup('prune', '--dataset', 'tank/a', '--keep', '1', '--dry-run');
    expect(status).toBe(0);
    const rows = stdout.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
    expect(rows.map(([name = '', type, , , action, reason]) => [name, type, action, reason])).toEqual([
      ['NAME', 'TYPE', 'ACTION', 'REASON'],
      ['a', 'full', 'delete', 'no rule of 1 keeps it'],
      ['b', 'incremental', 'delete', 'no rule of 1 keeps it'],
      ['c', 'incremental', 'delete', 'no rule of 1 keeps it'],
      ['d', 'full', 'keep', 'ancestor of e'],
      ['e', 'incremental', 'keep', 'newest 1'],
      ['', undefined, undefined, undefined],
      [
        `3 backups (30 B) of tank/a in file://${folder} would go, 2 backups stay.`,
        undefined,
        undefined,
        undefined,
      ],
      ['', undefined, undefined, undefined],
    ]);
    expect(await names()).toHaveLength(5);
  });

  it('deletes with --yes, and says what went', async () => {
    await putTwoChains();
    const { status, stdout, stderr } = await zfs3backup(
      'prune',
      '--dataset',
      'tank/a',
      '--keep',
      '1',
      '--yes',
    );
    expect([status, stdout]).toEqual([0, `Deleted 3 backups (30 B) of tank/a in file://${folder}.\n`]);
    expect(stderr).toBe('deleted tank/a@c\ndeleted tank/a@b\ndeleted tank/a@a\n');
    expect(await names()).toEqual(['tank/a@d', 'tank/a@e']);
  });

  it('wants --yes where nobody can be asked', async () => {
    await putTwoChains();
    const { status, stderr } = await zfs3backup('prune', '--dataset', 'tank/a', '--keep', '1');
    expect(status).toBe(2);
    expect(stderr).toMatch(/^zfs3backup: --yes: is needed where nobody can be asked/);
    expect(await names()).toHaveLength(5);
  });

  it.each([
    ['y\n', 2, 'Deleted 3 backups'],
    ['n\n', 5, 'Nothing was deleted'],
    ['', 5, 'Nothing was deleted'],
  ])('asks at a terminal: %j', async (typed, left, expected) => {
    await putTwoChains();
    const { status, stdout, stderr } = await atTerminal(typed, 'prune', '--dataset', 'tank/a', '--keep', '1');
    expect(status).toBe(0);
    expect(stderr).toContain('no rule of 1 keeps it');
    expect(stderr).toContain(`Delete 3 backups (30 B) of tank/a in file://${folder}? [y/N] `);
    expect(stdout).toContain(expected);
    expect(await names()).toHaveLength(left);
  });

  it('does not ask when there is nothing to delete', async () => {
    await putBackup('a');
    const { status, stdout, stderr } = await atTerminal('', 'prune', '--dataset', 'tank/a', '--keep', '1');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('Nothing to delete: 1 backup of tank/a');
  });

  it('keeps its promises of --json', async () => {
    await putTwoChains();
    const words = ['prune', '--dataset', 'tank/a', '--keep', '1', '--json'];
    const plan = JSON.parse((await zfs3backup(...words, '--dry-run')).stdout);
    checkFields(plan, jsonTable('prune --dry-run --json'));
    for (const item of plan.items) checkFields(item, jsonTable('Each of `items`'));
    expect(plan.deletions).toEqual(['tank/a@c', 'tank/a@b', 'tank/a@a']);
    const result = JSON.parse((await zfs3backup(...words, '--yes')).stdout);
    checkFields(result, jsonTable('prune --json'));
    for (const each of result.deleted) checkFields(each, jsonTable('Each of `deleted`'));
    expect(result).toMatchObject({ storedBytes: 30, spared: [] });
  });

  it('keeps what the next incremental of this machine builds on', async () => {
    await fakeZfs(folder, { 'tank/a': ['a', 'b'] });
    await putTwoChains();
    const { stdout } = await zfs3backup('prune', '--dataset', 'tank/a', '--keep', '1', '--dry-run', '--json');
    const { items, deletions } = JSON.parse(stdout);
    expect(deletions).toEqual(['tank/a@c']);
    expect(items[1]).toMatchObject({ name: 'tank/a@b', reasons: ['the next incremental builds on it'] });
  });

  it('takes the rules of each section in turn', async () => {
    await putTwoChains();
    await open().put('zfs3backup-backup/tank/b@1', Buffer.from('x'), { metadata: { isfull: 'true' } });
    const config = join(folder, 'conf');
    await writeFile(config, '[fs:tank/a]\nKEEP=1\n[fs:tank/b]\nKEEP=5\n[fs:tank/none]\n');
    const run = (...words: readonly string[]) =>
      runCli(runZfs3backup, [...words, '--config', config, '--store', `file://${folder}`], {
        env: { SKIP_CONFIG_FILE: '' },
      });
    const { status, stdout } = await run('prune', '--yes', '--json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout).datasets).toMatchObject([
      { dataset: 'tank/a', storedBytes: 30 },
      { dataset: 'tank/b', storedBytes: 0 },
    ]);
    await writeFile(config, '[fs:tank/a]\n');
    expect(await run('prune', '--yes')).toMatchObject({ status: 2, stderr: expect.stringContaining('KEEP') });
  });

  it.each([
    [['prune', '--dataset', 'tank/a', '--yes'], 'KEEP: nothing says which backups of tank/a to keep'],
    [
      ['prune', '--dataset', 'tank/a', '--yes', '--keep', '1d'],
      '--keep: `1d`, character 3: a number is missing',
    ],
    [['prune', '--keep', '1', '--yes'], 'no dataset is named'],
  ])('exits with 2 for %j', async (words, expected) => {
    const { status, stderr } = await zfs3backup(...words);
    expect(status).toBe(2);
    expect(stderr).toContain(expected);
  });
});

describe('delete', () => {
  it('deletes what nothing builds on', async () => {
    await putTwoChains();
    const { status, stdout } = await zfs3backup('delete', 'tank/a@c', 'tank/a@e', '--yes');
    expect([status, stdout]).toEqual([0, `Deleted 2 backups (20 B) of tank/a in file://${folder}.\n`]);
    expect(await names()).toEqual(['tank/a@a', 'tank/a@b', 'tank/a@d']);
  });

  it('refuses what others build on, and tells them', async () => {
    await putTwoChains();
    const { status, stderr } = await zfs3backup('delete', 'tank/a@a', '--yes');
    expect(status).toBe(3);
    expect(stderr).toContain(
      'tank/a@a cannot be deleted: 2 backups build on it and could not be restored any more: b, c',
    );
    expect(stderr).toContain('--with-children');
    expect(await names()).toHaveLength(5);
    expect((await zfs3backup('delete', 'tank/a@a', '--with-children', '--yes')).status).toBe(0);
    expect(await names()).toEqual(['tank/a@d', 'tank/a@e']);
  });

  it('refuses the last that can be restored, unless forced', async () => {
    await putBackup('a');
    await putBackup('broken', 'gone');
    const { status, stderr } = await zfs3backup('delete', 'a', '--dataset', 'tank/a', '--yes');
    expect(status).toBe(3);
    expect(stderr).toContain('tank/a would have no backup left that can be restored: a is the last one');
    expect((await zfs3backup('delete', 'tank/a@broken', '--yes')).status).toBe(0);
    expect((await zfs3backup('delete', 'tank/a@a', '--yes', '--force')).status).toBe(0);
    expect(await names()).toEqual([]);
  });

  it('exits with 4 for a name that is none, also one that only ends like one', async () => {
    await putBackup('zfs-auto-snap:daily-1');
    const { status, stderr } = await zfs3backup('delete', 'tank/a@1', '--yes', '--force');
    expect(status).toBe(4);
    expect(stderr).toContain('no backup "1" of tank/a');
  });

  it('refuses while an upload builds on it, and one that does not tell', async () => {
    await putTwoChains();
    const upload = await open().startUpload('zfs3backup-backup/tank/a@f', {
      metadata: { parent: 'tank/a@e' },
    });
    await upload.putPart(1, Buffer.from('x'));
    const { status, stderr } = await zfs3backup('delete', 'tank/a@c', '--yes');
    expect(status).toBe(1);
    expect(stderr).toContain(
      'tank/a@c cannot be deleted now: f is being uploaded, and does not tell what it builds on',
    );
    await upload.abort();
    expect((await zfs3backup('delete', 'tank/a@c', '--yes')).status).toBe(0);
  });

  it('shows what would go', async () => {
    await putTwoChains();
    const { status, stdout } = await zfs3backup('delete', 'tank/a@b', '--with-children', '--dry-run');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^b .*delete \| named, or builds on what is$/m);
    expect(stdout).toMatch(/^c /m);
    expect(stdout).not.toMatch(/^a /m);
    expect(await names()).toHaveLength(5);
  });

  it.each([
    [['delete', '--yes'], 'SNAPSHOT: is missing'],
    [['delete', 'tank/a@', '--yes'], 'names no snapshot'],
    [['delete', 'tank/a@x', 'tank/b@x', '--yes'], 'tank/b@x: is of another dataset than tank/a'],
    [['delete', 'tank/a@x', '--dataset', 'tank/b', '--yes'], 'tank/a@x: is of another dataset than tank/b'],
    [['delete', 'tank/a@x'], '--yes: is needed'],
  ])('exits with 2 for %j', async (words, expected) => {
    const { status, stderr } = await zfs3backup(...words);
    expect(status).toBe(2);
    expect(stderr).toContain(expected);
  });
});

describe('cleanup', () => {
  it('leaves alone what is young, and drops it when it is told to', async () => {
    const upload = await open().startUpload('zfs3backup-backup/tank/a@b');
    await upload.putPart(1, Buffer.from('four'));
    await open().startUpload('elsewhere/tank/a@b');
    const young = await zfs3backup('cleanup');
    expect(young.status).toBe(0);
    expect(young.stdout).toContain('too young');
    expect(young.stdout).toContain(`Dropped nothing from file://${folder}; left 1 thing alone.`);
    const dry = await zfs3backup('cleanup', '--older-than', '0', '--dry-run', '--json');
    const { items } = JSON.parse(dry.stdout);
    for (const item of items) checkFields(item, jsonTable('Each of `dropped`'));
    expect(items).toMatchObject([
      { what: 'upload', name: 'zfs3backup-backup/tank/a@b', action: 'drop', bytes: 4 },
    ]);
    expect(await open().openUploads('')).toHaveLength(2);
    const done = await zfs3backup('cleanup', '--older-than', '0s');
    expect(done.stdout).toContain('Dropped 1 open upload (4 B)');
    expect((await open().openUploads('')).map(({ key }) => key)).toEqual(['elsewhere/tank/a@b']);
    expect((await zfs3backup('cleanup')).stdout).toBe(`Nothing is left over in file://${folder}.\n`);
  });

  it('treats an upload outside of the prefix like any other, where its note tells of it', async () => {
    await leaveUpload(open(), 'zfs3backup-backup/', 'manual/keep');
    await open().startUpload('manual/keep');
    const young = JSON.parse((await zfs3backup('cleanup', '--json')).stdout);
    expect(young).toMatchObject({
      dropped: [],
      left: [
        { what: 'upload', name: 'manual/keep' },
        { what: 'note', reason: 'its upload is left' },
      ],
    });
    expect(JSON.parse((await zfs3backup('cleanup', '--dataset', 'tank/a', '--json')).stdout).left).toEqual(
      [],
    );
    const done = JSON.parse((await zfs3backup('cleanup', '--older-than', '0s', '--json')).stdout);
    expect(done.dropped).toMatchObject([{ name: 'manual/keep', bytes: 1000 }, { what: 'note' }]);
    // The one that nothing of ours tells of.
    expect(await open().openUploads('')).toHaveLength(1);
  });

  it('keeps its promise of --json', async () => {
    checkFields(
      JSON.parse((await zfs3backup('cleanup', '--json')).stdout),
      jsonTable('there is `items` instead'),
    );
  });

  it('exits with 2 for a time that is none', async () => {
    const { status, stderr } = await zfs3backup('cleanup', '--older-than', 'long');
    expect(status).toBe(2);
    expect(stderr).toContain('--older-than: `long` is not a time');
  });

  it('cleans another dataset only when nothing else is named', async () => {
    await open().startUpload('zfs3backup-backup/tank/a@b');
    await open().startUpload('zfs3backup-backup/tank/b@b');
    await zfs3backup('cleanup', '--older-than', '0s', '--dataset', 'tank/a');
    expect((await open().openUploads('')).map(({ key }) => key)).toEqual(['zfs3backup-backup/tank/b@b']);
  });
});
