import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runZfs3backup } from '../../src/cli/main.ts';
import { zfs3backupProgram } from '../../src/cli/zfs3backup-program.ts';
import { createDirectoryStore } from '../../src/store/directory-store.ts';
import { checkFields } from './check-fields.ts';
import { jsonTable } from './docs-tables.ts';
import { fakeZfs, putZfs } from './fake-zfs.ts';
import { runCli } from './run-cli.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'status-'));
});
afterEach(() => rm(folder, { recursive: true }));

const zfs3backup = (...words: readonly string[]) =>
  runCli(runZfs3backup, [...words, '--store', `file://${folder}`, '--log-level', 'warn']);

async function putBackup(name: string, metadata: Record<string, string>, bytes = 10): Promise<void> {
  const store = createDirectoryStore({ path: folder, prefix: '' });
  await store.put(`zfs3backup-backup/${name}`, Buffer.alloc(bytes), { metadata });
}

describe('status', () => {
  it('shows the table of a dataset and sums up', async () => {
    await putBackup('tank/a@s1', { isfull: 'true', size: '4096' });
    await putBackup('tank/a@s2', { parent: 'tank/a@s1', size: '2048' }, 2000);
    const { status, stdout } = await zfs3backup('status', '--dataset', 'tank/a');
    expect(status).toBe(0);
    const lines = stdout
      .split('\n')
      .map((line) => line.replace(/\d{4}-\d\d-\d\d \d\d:\d\d/, 'DATE').replace(/ +/g, ' '));
    expect(lines[0]).toBe('NAME | PARENT | TYPE | HEALTH | LOCAL STATE | SIZE | STORED | DATE');
    expect(lines[1]).toMatch(/^s1 \| - \| full \| ok \| missing \| 4\.0 KiB \| 10 B \| DATE$/);
    expect(lines[2]).toMatch(/^s2 \| s1 \| incremental \| ok \| missing \| 2\.0 KiB \| 2\.0 KiB \| DATE$/);
    expect(lines[4]).toMatch(/^tank\/a in file:\/\/.*: 2 backups, 2\.0 KiB; .*; nothing is broken\.$/);
  });

  it('exits with 3 when a backup is broken', async () => {
    await putBackup('tank/a@s2', { parent: 'tank/a@s1' });
    const { status, stdout } = await zfs3backup('--dataset', 'tank/a', 'status');
    expect(status).toBe(3);
    expect(stdout).toMatch(/missing parent/);
    expect(stdout).toMatch(/broken: 1 \(s2\)/);
    expect((await zfs3backup('status')).status).toBe(3);
  });

  it('exits with 4 when nobody knows the dataset', async () => {
    expect((await zfs3backup('status', '--dataset', 'tank/nothing')).status).toBe(4);
  });

  it('lists the datasets of the store when none is named', async () => {
    await putBackup('tank/a@s1', { isfull: 'true' });
    await putBackup('tank/ab@x', { isfull: 'true' });
    const { status, stdout } = await zfs3backup('status');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^tank\/a {2}\| /m);
    expect(stdout).toMatch(/^tank\/ab \| /m);
    expect(stdout).toMatch(/: 2 datasets, 2 backups, 20 B; nothing is broken\.\n$/);
  });

  it('says so when the store is empty', async () => {
    const { status, stdout } = await zfs3backup('status');
    expect([status, stdout]).toEqual([0, `file://${folder}/zfs3backup-backup/ has no backups yet.\n`]);
  });

  it('tells where it looked, for a wrong S3_PREFIX looks like an empty store', async () => {
    await putBackup('tank/a@s1', { isfull: 'true' });
    const { stdout } = await zfs3backup('status', '--s3-prefix', 'z3-backup');
    expect(stdout).toBe(`file://${folder}/z3-backup/ has no backups yet.\n`);
    const { stderr } = await zfs3backup('status', '--s3-prefix', 'z3-backup', '--dataset', 'tank/none');
    expect(stderr).toContain(`neither file://${folder}/z3-backup/ nor this machine`);
  });

  it('says that no snapshot has the prefix', async () => {
    await fakeZfs(folder, { 'tank/a': ['daily-1', 'daily-2'] });
    const { status, stdout } = await zfs3backup('status', '--dataset', 'tank/a', '--snapshot-prefix', 'x');
    expect(status).toBe(0);
    expect(stdout).toContain('; no snapshot of tank/a has the prefix x (2 snapshots');
  });

  it('shows what the store has, but does not claim the rest, where ZFS does not work', async () => {
    await putBackup('tank/a@s1', { isfull: 'true' });
    await putZfs(folder, "echo 'The ZFS modules are not loaded.' >&2; exit 1");
    const { status, stdout } = await zfs3backup('status', '--dataset', 'tank/a');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^s1 +\| .* \| missing /m);
    expect(stdout).toContain('what is left to back up is not known: no ZFS works here');
  });

  it('exits with 1 and a warning where ZFS fails, and lists what the store has', async () => {
    await putBackup('tank/a@s1', { isfull: 'true' });
    await putBackup('tank/b@s1', { isfull: 'true' });
    const words = 'Permission denied the ZFS utilities must be run as root.';
    await putZfs(folder, `echo '${words}' >&2; exit 1`);
    const { status, stdout, stderr } = await zfs3backup('status', '--dataset', 'tank/a');
    expect(status).toBe(1);
    expect(stdout).toMatch(/^s1 +\| .* \| - /m);
    expect(stdout).toContain('what is left to back up is not known: tank/a could not be read here');
    expect(stderr).toMatch(/ warn .*this machine could not be read: .*must be run as root.*Run this as root/);
    const whole = await zfs3backup('status');
    expect(whole.status).toBe(1);
    expect(whole.stdout).toMatch(/^tank\/b +\| .* \| - /m);
    // once for all datasets
    expect(whole.stderr.split(words)).toHaveLength(2);
    // nothing to list: the failure itself
    const nothing = await zfs3backup('status', '--dataset', 'tank/c');
    expect(nothing).toMatchObject({ status: 1, stdout: '' });
    expect(nothing.stderr.split(words)).toHaveLength(2);
    await putBackup('tank/b@s3', { parent: 'tank/b@s2' });
    expect(await zfs3backup('status', '--dataset', 'tank/b')).toMatchObject({ status: 3 });
    const report = JSON.parse((await zfs3backup('status', '--dataset', 'tank/a', '--json')).stdout);
    checkFields(report, jsonTable('--json` of a dataset'));
    for (const row of report.snapshots) checkFields(row, jsonTable('Each of `snapshots`'));
    checkFields(report.summary, jsonTable('`summary`:'));
    expect(report).toMatchObject({ localSide: 'unreadable', summary: { notBackedUp: null } });
  });

  it('keeps its promise of --json', async () => {
    await putBackup('tank/a@s1', { isfull: 'true', size: '4096' });
    await putBackup('tank/a@s3', { parent: 'tank/a@s2' });
    const { status, stdout } = await zfs3backup('status', '--dataset', 'tank/a', '--json');
    expect(status).toBe(3);
    const report = JSON.parse(stdout);
    checkFields(report, jsonTable('--json` of a dataset'));
    for (const row of report.snapshots) checkFields(row, jsonTable('Each of `snapshots`'));
    checkFields(report.summary, jsonTable('`summary`:'));
    expect(report.snapshots).toMatchObject([
      { name: 's1', parent: null, type: 'full', health: 'ok', streamBytes: 4096, storedBytes: 10 },
      { name: 's3', parent: 's2', type: 'incremental', health: 'missing parent', streamBytes: null },
    ]);
  });

  it('keeps it without a dataset, too', async () => {
    await putBackup('tank/a@s1', { isfull: 'true' });
    const report = JSON.parse((await zfs3backup('status', '--json')).stdout);
    checkFields(report, jsonTable('without a dataset'));
    for (const row of report.datasets) checkFields(row, jsonTable('Each of `datasets`'));
  });
});

describe('zfs3backup', () => {
  it('prints its commands, in a line each, and exits with 2 without one', async () => {
    const { status, stdout, stderr } = await runCli(runZfs3backup, []);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^Usage: zfs3backup COMMAND/);
    const commands = zfs3backupProgram.commands.map(({ name }) =>
      expect.stringMatching(`^  ${name} .{1,70}$`),
    );
    expect(stderr.split('\n').slice(2, -3)).toEqual(commands);
    expect(stderr).toContain('`zfs3backup --help` tells more');
  });

  it('tells its version', async () => {
    const { status, stdout } = await runCli(runZfs3backup, ['status', '--version']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('tells what is wrong with arguments and configuration together', async () => {
    const { status, stdout, stderr } = await runCli(
      runZfs3backup,
      ['status', '--jsn', '--store', 'nowhere'],
      { env: { ZFS3BACKUP_CONCURRENCY: 'many' } },
    );
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^zfs3backup: --jsn: no such option; did you mean --json\?$/m);
    expect(stderr).toMatch(/^zfs3backup: --store: /m);
    expect(stderr).toMatch(/^zfs3backup: environment ZFS3BACKUP_CONCURRENCY: /m);
  });

  it('tells one mistake about an option once', async () => {
    const { stderr } = await runCli(runZfs3backup, ['status', '--compressor', 'lz5']);
    expect(stderr.match(/--compressor/g)).toHaveLength(1);
  });

  it('shows what caused an error where debug is asked for, wherever that is said', async () => {
    const words = ['status', '--store', `file://${folder}/none`];
    const plain = await runCli(runZfs3backup, words);
    expect(plain.stderr).not.toMatch(/^ +at /m);
    const debug = await runCli(runZfs3backup, words, { env: { ZFS3BACKUP_LOG_LEVEL: 'debug' } });
    expect(debug.stderr).toMatch(/^ +at /m);
  });

  it.each([
    [['status'], /no store is named/],
    [['backup', '--store', 'file:///tmp'], /no dataset is named/],
    [['restore', 'tank/a@', '--store', 'file:///tmp'], /names no snapshot/],
    [['restore', 'tank/a@x', '--dataset', 'tank/b'], /another dataset/],
    [['backup', '--full', '--incremental'], /does not go together/],
  ])('exits with 2 for %j', async (words, expected) => {
    const { status, stdout, stderr } = await runCli(runZfs3backup, words);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(expected);
  });

  it('exits with 4 for a folder that is not there', async () => {
    const words = ['status', '--store', `file://${folder}/none`];
    expect(await runCli(runZfs3backup, words)).toMatchObject({ status: 4, stdout: '' });
  });
});
