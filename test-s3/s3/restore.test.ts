import { execa } from 'execa';
import { beforeAll, expect, it } from 'vitest';
import { type Cli, createCli } from '../main/run-cli.ts';
import { createTestDataset, type TestDataset, treeAt } from '../main/test-dataset.ts';
import { createTestPool, type TestPool } from '../zfs/test-pool.ts';
import { type CliStore, createCliStore } from './cli-store.ts';

let pool: TestPool;
let data: TestDataset;
let store: CliStore;
let cli: Cli;

beforeAll(async () => {
  pool = await createTestPool();
  data = await createTestDataset(pool, 'data');
  store = await createCliStore();
  cli = await createCli({ ...store.env, FILESYSTEM: data.name, SNAPSHOT_PREFIX: 's', CHUNK_SIZE: '5M' });
  for (const snapshot of ['s1', 's2', 's3']) await data.snapshot(snapshot, 12_000_000);
  expect(await cli.zfs3backup('backup', '--history')).toMatchObject({ status: 0 });
});

it('--stdout is the very stream that was sent', async () => {
  const digest = async (line: string) => (await cli.shell(`${line} | sha256sum`)).stdout;
  for (const [snapshot, send] of [
    ['s1', `zfs send '${data.name}@s1'`],
    ['s2', `zfs send -i @s1 '${data.name}@s2'`],
  ])
    expect(await digest(`zfs3backup restore --stdout ${snapshot}`)).toBe(await digest(send ?? ''));
});

it('--stdout fails where a part is damaged, and its reader gets no end', async () => {
  const key = `${store.store.prefix}${data.name}@s2`;
  const { metadata } = (await store.store.head(key)) ?? {};
  const { chunks } = await store.store.get(key);
  const pieces: Uint8Array[] = [];
  for await (const chunk of chunks) pieces.push(Buffer.from(chunk));
  const body = Buffer.concat(pieces);
  const damaged = Buffer.from(body);
  damaged[7_000_000] = 1 ^ (damaged[7_000_000] ?? 0);
  await store.store.put(key, damaged, { metadata: metadata ?? {} });
  const outcome = await cli.shell(`zfs3backup restore --stdout s2 | zfs receive ${pool.name}/damaged`);
  expect(outcome.status).not.toBe(0);
  const exists = await execa('zfs', ['list', `${pool.name}/damaged`], { reject: false });
  expect(exists.exitCode).not.toBe(0);
  const restored = await cli.zfs3backup('restore', 's2', '--to', `${pool.name}/damaged`);
  expect(restored).toMatchObject({ status: 3 });
  expect(await pool.zfs('list', '-H', '-o', 'name', '-t', 'snapshot')).not.toContain('damaged@s2');
  await store.store.put(key, body, { metadata: metadata ?? {} });
});

it('--latest and --before bring back what they say', async () => {
  const before = new Date(Date.now() + 3_600_000).toISOString();
  for (const [name, ...choice] of [
    ['latest', '--latest'],
    ['before', '--before', before],
  ]) {
    const target = `${pool.name}/${name}`;
    const outcome = await cli.zfs3backup('restore', ...choice, '--to', target);
    expect(outcome).toMatchObject({ status: 0 });
    expect(outcome.stderr).toContain('s3 was chosen: taken at');
    expect(await treeAt(pool, target)).toEqual(data.treeOf('s3'));
  }
});

it('--thaw finds that nothing is archived', async () => {
  const { status, stdout } = await cli.zfs3backup('restore', 's3', '--thaw', '2', '--json');
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ ready: true, backups: [{}, {}, {}] });
});
