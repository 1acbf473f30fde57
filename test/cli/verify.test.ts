import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runZfs3backup } from '../../src/cli/main.ts';
import { renderVerify } from '../../src/cli/render-verify.ts';
import { plainStyle } from '../../src/cli/style.ts';
import { createDirectoryStore } from '../../src/store/directory-store.ts';
import type { VerifiedBackup, VerifyResult } from '../../src/verify.ts';
import { streamOf } from '../zfs-machine.ts';
import { checkFields } from './check-fields.ts';
import { jsonTable } from './docs-tables.ts';
import { runCli } from './run-cli.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'verify-'));
});
afterEach(() => rm(folder, { recursive: true }));

const zfs3backup = (...words: readonly string[]) =>
  runCli(runZfs3backup, [...words, '--store', `file://${folder}`, '--log-level', 'warn']);

async function put(name: string, metadata: Record<string, string>, body?: Buffer): Promise<void> {
  const store = createDirectoryStore({ path: folder, prefix: '' });
  const [dataset = '', snapshot = ''] = name.split('@');
  const stream = streamOf(dataset, {
    name: snapshot,
    guid: BigInt(snapshot),
    ...(metadata['parent'] ? { parentGuid: BigInt(metadata['parent'].split('@')[1] ?? 0) } : {}),
  });
  await store.put(`zfs3backup-backup/${name}`, body ?? stream, { metadata });
}

describe('verify', () => {
  it('names what is well, and says what it did not look at', async () => {
    await put('tank/a@1', { isfull: 'true' });
    await put('tank/a@2', { parent: 'tank/a@1' });
    const first = await zfs3backup('verify');
    expect(first.status).toBe(0);
    expect(first.stdout).toMatch(/^tank\/a@1: ok \(level 1, 13\.5 KiB\)$/m);
    expect(first.stdout).toMatch(/2 backups, no bytes read; 2 ok\.$/m);
    expect(first.stdout).toContain('--level 2 reads the bytes');
    expect(first.stdout).toContain('2 backups have no record');
    const second = await zfs3backup('verify', '--level', '2', '2', '--dataset', 'tank/a');
    expect(second.status).toBe(0);
    expect(second.stdout).toMatch(/2 backups, 2 of them read \(27\.0 KiB\); 2 ok\.$/m);
    expect(second.stderr).toMatch(/^file:.*: 27.0 KiB, /m);
  });

  it('exits with 3 and tells all that is wrong', async () => {
    await put('tank/a@1', { isfull: 'true' }, Buffer.from('no stream'));
    await put('tank/a@2', { parent: 'tank/a@1' });
    await put('tank/b@3', { parent: 'tank/b@9' });
    await put('tank/c@4', { isfull: 'true' });
    const { status, stdout } = await zfs3backup('verify', '--level=2', '--quiet');
    expect(status).toBe(3);
    expect(stdout).not.toContain('tank/c@4');
    expect(stdout).toMatch(/^tank\/a@1: damaged \(level 2, 9 B\)\n {4}The ZFS send stream /m);
    expect(stdout).toMatch(/^tank\/a@2: not restorable .*\n {4}it builds on tank\/a@1, which is damaged$/m);
    expect(stdout).toMatch(
      /^tank\/b@3: not restorable .*\n {4}it builds on tank\/b@9, which is not in the store$/m,
    );
    expect(stdout).toContain('A new full backup needs nothing of what is damaged');
    expect((await zfs3backup('verify', 'tank/b@3')).status).toBe(3);
  });

  it('says nothing under --quiet while all is well', async () => {
    await put('tank/a@1', { isfull: 'true' });
    expect(await zfs3backup('verify', '--quiet')).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it('exits with the status of what kept it from looking', async () => {
    await put('tank/a@1', { isfull: 'true', compressor: 'lzx' });
    const { status, stdout } = await zfs3backup('verify', '--level', '2');
    expect(status).toBe(3);
    expect(stdout).toMatch(/^tank\/a@1: not verified/m);
  });

  it('says how to take the same sample again', async () => {
    await put('tank/a@1', { isfull: 'true' });
    const { stdout } = await zfs3backup('verify', '--level', '2', '--sample', '5%', '--seed', '7');
    expect(stdout).toContain('--level 2 --sample 5% --seed 7');
    expect(stdout).toContain('1 of them read');
  });

  it('shows what it would do, and what that reads', async () => {
    await put('tank/a@1', { isfull: 'true' });
    await put('tank/a@2', { parent: 'tank/a@1' });
    const words = ['verify', '--level', '2', '--dry-run'];
    const { status, stdout } = await zfs3backup(...words);
    expect([status, stdout]).toEqual([
      0,
      `Would look at 2 backups of file://${folder}, and read 27.0 KiB of 2 objects.\n\n1. read tank/a@1: 13.5 KiB\n2. read tank/a@2: 13.5 KiB\n`,
    ]);
    const report = JSON.parse((await zfs3backup(...words, '--json')).stdout);
    checkFields(report, jsonTable('verify --dry-run --json'));
    for (const each of report.items) checkFields(each, jsonTable('`items` of a verify'));
  });

  it('says so when there is nothing', async () => {
    expect(await zfs3backup('verify')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('no backups'),
    });
    expect((await zfs3backup('verify', '--dataset', 'tank/none')).status).toBe(4);
    expect((await zfs3backup('verify', 'tank/a@1')).status).toBe(4);
  });

  it('keeps its promise of --json', async () => {
    await put('tank/a@1', { isfull: 'true' }, Buffer.from('no stream'));
    await put('tank/a@2', { parent: 'tank/a@1' });
    const { status, stdout } = await zfs3backup('verify', '--json', '--level', '2', '--sample', '100');
    expect(status).toBe(3);
    const report = JSON.parse(stdout);
    checkFields(report, jsonTable('verify --json'));
    checkFields(report.sample, jsonTable('`sample` of a verify'));
    for (const each of report.backups) checkFields(each, jsonTable('`backups` of a verify'));
    for (const each of report.backups[0].findings) checkFields(each, jsonTable('`findings` of a backup'));
    expect(report.counts).toEqual({ ok: 0, damaged: 1, notRestorable: 1, notVerified: 0 });
  });

  it.each([
    [['--level', '4'], /--level: is 1, 2 or 3 \(given: 4\)/],
    [['--level', '2', '--sample', '0'], /--sample: is a percentage/],
    [['--level', '2', '--sample', 'some'], /--sample: is a percentage/],
    [['--sample', '5%'], /--sample: goes with --level 2 or 3/],
    [['--level', '2', '--seed', '5'], /--seed: goes with --sample/],
    [['--level', '2', '--scratch', 'tank/x'], /--scratch: goes with --level 3/],
    [['tank/b@1', '--dataset', 'tank/a'], /--dataset: tank\/a is another dataset/],
    [['1'], /"1" does not say which dataset/],
  ])('exits with 2 for %j', async (words, expected) => {
    const { status, stderr } = await zfs3backup('verify', ...words);
    expect(status).toBe(2);
    expect(stderr).toMatch(expected);
  });
});

describe('renderVerify', () => {
  const backup = (snapshot: string, more: Partial<VerifiedBackup> = {}): VerifiedBackup => ({
    ...{ dataset: 'tank/a', snapshot, key: `p/tank/a@${snapshot}`, kind: 'full', parent: undefined },
    ...{ storedBytes: 2048, isRecorded: true, level: 1, verdict: 'ok', reason: undefined },
    ...{ findings: [], notes: [], notVerified: undefined, ...more },
  });
  const result = (backups: readonly VerifiedBackup[]): VerifyResult => ({
    ...{ store: 's3://b', level: 1, sample: undefined, notes: [], backups },
    summary: {
      ...{ streamBytes: 0, storedBytes: 0, skippedParts: 0, skippedBytes: 0 },
      ...{ seconds: 1, requests: 4, retries: 0 },
    },
  });

  it('counts what is well of many, and shows the rest', () => {
    const many = Array.from({ length: 1000 }, (_, at) => backup(String(at)));
    const text = renderVerify(result([...many, backup('x', { verdict: 'damaged' })]), plainStyle);
    expect(text.split('\n')).toHaveLength(5);
    expect(text).toContain('tank/a@x: damaged');
    expect(text).toContain('1001 backups, no bytes read; 1 damaged, 1000 ok.');
  });

  it('tells what was read though none of it could be decoded', () => {
    const bare = result([backup('1', { verdict: 'not verified' })]);
    const text = renderVerify(
      { ...bare, level: 2, summary: { ...bare.summary, storedBytes: 2048 } },
      plainStyle,
    );
    expect(text).toContain('1 backup, 2.0 KiB read, and nothing of it decoded; 1 not verified.');
  });

  it('lets no name or message act on a terminal', () => {
    const hostile = backup('a\u001b[2Jb', {
      verdict: 'damaged',
      findings: [{ kind: 'stream', message: 'bad\u001b]0;x\u0007\nsecond line' }],
    });
    const text = renderVerify(result([hostile]), plainStyle);
    expect(text).not.toContain('\u001b');
    expect(text).toContain('\n    second line\n');
  });
});
