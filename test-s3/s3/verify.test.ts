import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Cli, createCli } from '../main/run-cli.ts';
import { s3Server } from '../s3.ts';
import { createTestFolder } from '../test-folder.ts';
import { createCliStore } from './cli-store.ts';
import { createTestJob, type TestJob } from './test-job.ts';

const MIB = 1024 ** 2;
const run = promisify(execFile);
let job: TestJob;

beforeAll(async () => {
  job = await createTestJob({ COMPRESSOR: 'none' });
  await job.data.snapshot('first', 14 * MIB);
  for (const name of ['second', 'third']) await job.data.snapshot(name);
  expect(await job.cli.zfs3backup('backup', '--history', '--chunk-size', '5M')).toMatchObject({ status: 0 });
});

interface Report {
  readonly backups: ReadonlyArray<{
    readonly name: string;
    readonly verdict: string;
    readonly level: number;
    readonly findings: ReadonlyArray<{ readonly kind: string; readonly part: object | null }>;
    readonly notes: readonly string[];
  }>;
  readonly summary: { readonly requests: number; readonly storedBytes: number };
}

async function verify(
  on: Cli,
  ...words: readonly string[]
): Promise<{ status: number | undefined; report: Report }> {
  const { status, stdout, stderr } = await on.zfs3backup('verify', '--json', ...words);
  if (stdout === '') throw new Error(stderr);
  return { status, report: JSON.parse(stdout) };
}

const verdicts = ({ backups }: Report) => backups.map(({ verdict }) => verdict);

/** Changes one byte below the gateway, as a disk does that nobody has noticed: size, time and ETag stay. */
async function rot(key: string, at: number): Promise<void> {
  const rados = (...args: readonly string[]) =>
    run('rados', ['-c', s3Server().cephConfig, '-p', 'default.rgw.buckets.data', ...args], {
      maxBuffer: 64 * MIB,
    });
  const file = join(await createTestFolder('rot'), 'piece');
  const original = await buffer((await job.store.get(key)).chunks);
  const found = (await rados('ls')).stdout.split('\n');
  const wanted = original.subarray(at - 64, at + 64);
  for (const name of found) {
    if (!name.includes(key.slice(key.lastIndexOf('@')))) continue;
    await rados('get', name, file);
    const piece = await readFile(file);
    const where = piece.indexOf(wanted);
    if (where < 0) continue;
    piece[where + 64] = (piece[where + 64] ?? 0) ^ 1;
    await writeFile(file, piece.subarray(where, where + 128));
    await rados('put', name, file, '--offset', String(where));
    return;
  }
  throw new Error(`no piece of ${key} holds byte ${at}`);
}

describe('verify on a real server', () => {
  it('looks at all by two listings, and reads all at level 2', async () => {
    const first = await verify(job.cli);
    expect(first).toMatchObject({ status: 0 });
    expect(verdicts(first.report)).toEqual(['ok', 'ok', 'ok']);
    expect(first.report.summary.requests).toBe(2);
    const { stdout } = await job.cli.zfs3backup('verify', '--level', '1');
    expect(stdout).toContain('3 backups, no bytes read; 3 ok.');
    const second = await verify(job.cli, '--level', '2');
    expect(second).toMatchObject({ status: 0 });
    expect(second.report.backups.map(({ level, notes }) => [level, notes])).toEqual([
      [2, []],
      [2, []],
      [2, []],
    ]);
    expect(second.report.summary.storedBytes).toBeGreaterThan(14 * MIB);
  });

  it('receives all at level 3, and leaves nothing', async () => {
    await job.pool.zfs('create', `${job.pool.name}/scratch`);
    const { status, report } = await verify(job.cli, '--level', '3', '--scratch', `${job.pool.name}/scratch`);
    expect([status, report.backups.map(({ level }) => level)]).toEqual([0, [3, 3, 3]]);
    expect(await job.pool.zfs('list', '-H', '-o', 'name', '-r', `${job.pool.name}/scratch`)).toBe(
      `${job.pool.name}/scratch`,
    );
  });

  it('finds a byte that changed below the store, and names part and range', async () => {
    const key = `${job.store.prefix}${job.data.name}@first`;
    await rot(key, 7 * MIB);
    expect(await verify(job.cli)).toMatchObject({ status: 0 });
    const { status, report } = await verify(job.cli, '--level', '2');
    expect(status).toBe(3);
    expect(verdicts(report)).toEqual(['damaged', 'not restorable', 'not restorable']);
    expect(report.backups[0]?.findings[0]).toMatchObject({
      kind: 'part',
      part: { number: 2, first: 5 * MIB, last: 10 * MIB - 1 },
    });
    const { stdout } = await job.cli.zfs3backup('verify', '--level', '2', 'first');
    expect(stdout).toContain(`${key}: part 2 (bytes 5242880–10485759) has the CRC-32 `);
  });
});

it('compares the ETag of parts that other programs made, and reads what only they could have stored', async () => {
  const other = await createCliStore();
  const on = await createCli({ ...other.env, FILESYSTEM: job.data.name, SNAPSHOT_PREFIX: '' });
  const { stdout: stream } = await run('zfs', ['send', `${job.data.name}@first`], {
    encoding: 'buffer',
    maxBuffer: 64 * MIB,
  });
  const key = `${other.store.prefix}${job.data.name}@first`;
  const upload = await other.store.startUpload(key, { metadata: { isfull: 'true' } });
  const parts = [];
  for (let at = 0; at < stream.byteLength; at += 8 * MIB)
    parts.push(await upload.putPart(parts.length + 1, stream.subarray(at, at + 8 * MIB)));
  await upload.complete(parts);
  const { status, report } = await verify(on, '--level', '2');
  expect([status, report.backups]).toMatchObject([0, [{ verdict: 'ok', level: 2, notes: [] }]]);

  // half a stream in whole gzip data, as a pipe leaves it whose first program died
  const half = gzipSync(stream.subarray(0, stream.byteLength / 2));
  await other.store.put(key, half, { metadata: { isfull: 'true', compressor: 'gzip' } });
  const cut = await verify(on, '--level', '2');
  expect([cut.status, cut.report.backups[0]?.findings[0]]).toMatchObject([3, { kind: 'stream' }]);
  await other.store.put(key, randomBytes(1000), { metadata: { isfull: 'true' } });
  expect((await verify(on, '--level', '2')).status).toBe(3);
});
