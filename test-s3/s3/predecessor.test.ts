import { mkdtemp, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createCli } from '../main/run-cli.ts';
import { createTestDataset, treeAt } from '../main/test-dataset.ts';
import { createTestClient } from '../s3.ts';
import { createTestPool, type TestPool } from '../zfs/test-pool.ts';
import { type CliStore, createCliStore } from './cli-store.ts';

let pool: TestPool;
beforeAll(async () => {
  pool = await createTestPool();
});
afterAll(async () => {
  await pool.destroy();
});

/** As `zfs send … | pigz | pput` of the Python tools left it. */
async function leaveBackup(
  { bucket, store }: CliStore,
  name: string,
  { flags = [], compressor, metadata }: { flags?: string[]; compressor: string[]; metadata: Metadata },
): Promise<void> {
  const stream = await execa('zfs', ['send', ...flags, name], { encoding: 'buffer' });
  const [program = 'cat', ...args] = compressor;
  const body = await execa(program, args, { input: stream.stdout, encoding: 'buffer' });
  const client = createTestClient();
  const Key = `${store.prefix}${name}`;
  await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: body.stdout, Metadata: metadata }));
  client.destroy();
}
type Metadata = Record<string, string>;

it('lists, restores and continues a bucket of the Python tools', async () => {
  const job = await createCliStore();
  const data = await createTestDataset(pool, 'old');
  const prefix = 'zfs-auto-snap:daily';
  const names = ['1', '2', '3', '4'].map((day) => `${prefix}-2015-06-0${day}`);
  for (const name of names) await data.snapshot(name);
  const [first, second, third, fourth] = names.map((name) => `${data.name}@${name}`) as [
    string,
    string,
    string,
    string,
  ];
  const pigz = ['pigz', '-1', '--blocksize', '4096'];
  await leaveBackup(job, first, {
    compressor: pigz,
    metadata: { isfull: 'true', compressor: 'pigz1', size: '220312' },
  });
  await leaveBackup(job, second, {
    flags: ['-i', first],
    compressor: pigz,
    metadata: { isfull: 'false', parent: first, compressor: 'pigz1', size: '120000' },
  });
  await leaveBackup(job, third, {
    flags: ['-i', second],
    compressor: ['cat'],
    metadata: { parent: second, size: '120000' },
  });

  const cli = await createCli({ ...job.env, FILESYSTEM: data.name });
  const status = JSON.parse((await cli.zfs3backup('status', '--json')).stdout);
  expect(status.snapshots).toMatchObject([
    { name: names[0], type: 'full', health: 'ok', streamBytes: 220312 },
    { name: names[1], type: 'incremental', parent: names[0], health: 'ok' },
    { name: names[2], type: 'incremental', parent: names[1], health: 'ok' },
    { name: names[3], type: 'missing', health: null },
  ]);

  expect(await cli.zfs3backup('backup')).toMatchObject({ status: 0 });
  const continued = await job.store.head(`${job.store.prefix}${fourth}`);
  expect(continued?.metadata).toMatchObject({ parent: third, compressor: 'zstd' });

  // z3 wrote with pigz; a machine without it restores all the same
  const only = await mkdtemp(join(tmpdir(), 'z3b-only-zfs-'));
  await symlink((await execa('which', ['zfs'])).stdout, join(only, 'zfs'));
  const target = `${pool.name}/restored`;
  const outcome = await cli.with({ PATH: only }).zfs3backup('restore', '2015-06-04', '--to', target);
  expect(outcome).toMatchObject({ status: 0 });
  expect(await treeAt(pool, target)).toEqual(data.treeOf(names[3] ?? ''));
});
