import { buffer } from 'node:stream/consumers';
import { execa } from 'execa';
import { beforeAll, expect, it } from 'vitest';
import { treeAt } from '../main/test-dataset.ts';
import { createTestJob, type TestJob } from './test-job.ts';

let job: TestJob;

beforeAll(async () => {
  job = await createTestJob({ SNAPSHOT_PREFIX: 's', CHUNK_SIZE: '5M' });
  for (const snapshot of ['s1', 's2', 's3']) await job.data.snapshot(snapshot, 12_000_000);
  expect(await job.cli.zfs3backup('backup', '--history')).toMatchObject({ status: 0 });
});

it('--stdout is the very stream that was sent', async () => {
  const digest = async (line: string) => (await job.cli.shell(`${line} | sha256sum`)).stdout;
  for (const [snapshot, send] of [
    ['s1', `zfs send '${job.data.name}@s1'`],
    ['s2', `zfs send -i @s1 '${job.data.name}@s2'`],
  ])
    expect(await digest(`zfs3backup restore --stdout ${snapshot}`)).toBe(await digest(send ?? ''));
});

it('--stdout fails where a part is damaged, and its reader gets no end', async () => {
  const key = `${job.store.prefix}${job.data.name}@s2`;
  const { metadata } = (await job.store.head(key)) ?? {};
  const body = await buffer((await job.store.get(key)).chunks);
  const damaged = Buffer.from(body);
  damaged[7_000_000] = 1 ^ (damaged[7_000_000] ?? 0);
  await job.store.put(key, damaged, { metadata: metadata ?? {} });
  const outcome = await job.cli.shell(
    `zfs3backup restore --stdout s2 | zfs receive ${job.pool.name}/damaged`,
  );
  expect(outcome.status).not.toBe(0);
  const exists = await execa('zfs', ['list', `${job.pool.name}/damaged`], { reject: false });
  expect(exists.exitCode).not.toBe(0);
  const restored = await job.cli.zfs3backup('restore', 's2', '--to', `${job.pool.name}/damaged`);
  expect(restored).toMatchObject({ status: 3 });
  expect(await job.pool.zfs('list', '-H', '-o', 'name', '-t', 'snapshot')).not.toContain('damaged@s2');
  await job.store.put(key, body, { metadata: metadata ?? {} });
});

it('--latest and --before bring back what they say', async () => {
  const before = new Date(Date.now() + 3_600_000).toISOString();
  for (const [name, ...choice] of [
    ['latest', '--latest'],
    ['before', '--before', before],
  ]) {
    const target = `${job.pool.name}/${name}`;
    const outcome = await job.cli.zfs3backup('restore', ...choice, '--to', target);
    expect(outcome).toMatchObject({ status: 0 });
    expect(outcome.stderr).toContain('s3 was chosen: taken at');
    expect(await treeAt(job.pool, target)).toEqual(job.data.treeOf('s3'));
  }
});

it('--thaw finds that nothing is archived', async () => {
  const { status, stdout } = await job.cli.zfs3backup('restore', 's3', '--thaw', '2', '--json');
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ ready: true, backups: [{}, {}, {}] });
});
