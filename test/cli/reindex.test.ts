import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runZfs3backup } from '../../src/cli/main.ts';
import { createDirectoryStore } from '../../src/store/directory-store.ts';
import { checkFields } from './check-fields.ts';
import { jsonTable } from './docs-tables.ts';
import { runCli } from './run-cli.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reindex-'));
  const store = createDirectoryStore({ path: folder, prefix: '' });
  await store.put('zfs3backup-backup/tank/a@1', Buffer.alloc(9), { metadata: { isfull: 'true' } });
  await store.put('zfs3backup-backup/tank/b@1', Buffer.alloc(9), { metadata: { isfull: 'true' } });
});
afterEach(() => rm(folder, { recursive: true }));

const reindex = (...words: readonly string[]) =>
  runCli(runZfs3backup, ['reindex', ...words, '--store', `file://${folder}`]);

describe('reindex', () => {
  it('says what it would write, then writes it, once', async () => {
    const dry = await reindex('--dry-run');
    expect(dry.status).toBe(0);
    expect(dry.stdout).toMatch(
      /^would write zfs3backup-backup\/\.records\/tank\/a@1\/1,f,t9,e.*\nwould write .*b@1.*\nfile:.*: would write 2 records; 0 backups had one\.\n$/,
    );
    expect((await reindex()).stdout).toMatch(/: wrote 2 records; 0 backups had one\.\n$/);
    expect((await reindex()).stdout).toMatch(/: wrote 0 records; 2 backups had one\.\n$/);
    expect((await reindex('--quiet')).stdout).toBe('');
  });

  it('keeps its promise of --json', async () => {
    const { stdout } = await reindex('--json', '--dataset', 'tank/a');
    const report = JSON.parse(stdout);
    checkFields(report, jsonTable('The same with `--dry-run`, of what would be done.'));
    expect(report.steps).toHaveLength(1);
    checkFields(report.steps[0], jsonTable('Each of the `steps` of a reindex'));
  });

  it('says which records tell of another object', async () => {
    await reindex();
    const store = createDirectoryStore({ path: folder, prefix: '' });
    await store.put('zfs3backup-backup/tank/a@1', Buffer.alloc(8), { metadata: { isfull: 'true' } });
    expect((await reindex()).stdout).toContain('Not the object that was recorded: 1 (tank/a@1). ');
    const status = await runCli(runZfs3backup, [
      'status',
      '--dataset',
      'tank/a',
      '--store',
      `file://${folder}`,
    ]);
    expect(status.stdout).toContain('Not the object that was recorded: 1 (1); ');
    expect(status).toMatchObject({ status: 3 });
    const whole = await runCli(runZfs3backup, ['status', '--store', `file://${folder}`]);
    expect(whole.stdout).toContain('Datasets with an object that is not the recorded one: 1 (tank/a).');
    expect(whole).toMatchObject({ status: 3 });
    expect((await reindex('--stale')).stdout).toContain(
      'wrote 1 record, removed 1 that stood for others; 1 backup had',
    );
  });
});
