import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeTestKeys, type TestKeys } from '../../test/filters/test-keys.ts';
import { AS_BYTES } from '../as-bytes.ts';
import { createCli } from '../main/run-cli.ts';
import { createTestDataset, treeAt } from '../main/test-dataset.ts';
import { createTestClient } from '../s3.ts';
import { createTestFolder } from '../test-folder.ts';
import { createTestPool, type TestPool } from '../zfs/test-pool.ts';
import { type CliStore, createCliStore } from './cli-store.ts';

let pool: TestPool;
let keys: TestKeys;
beforeAll(async () => {
  pool = await createTestPool();
  keys = await makeTestKeys();
});
afterAll(async () => {
  await keys.close();
});

/** As `zfs send … | pigz | pput` of the Python tools left it, or `… | gpg | pput`. */
async function leaveBackup(
  { bucket, store }: CliStore,
  name: string,
  { flags = [], metadata, ...programs }: LeftBackup,
): Promise<void> {
  let Body = (await execa('zfs', ['send', ...flags, name], AS_BYTES)).stdout;
  for (const [program = '', ...args] of [
    programs.compressor,
    ...(programs.encryptor ? [programs.encryptor] : []),
  ]) {
    Body = (await execa(program, args, { input: Body, ...AS_BYTES })).stdout;
  }
  const client = createTestClient();
  const Key = `${store.prefix}${name}`;
  await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body, Metadata: metadata }));
  client.destroy();
}

interface LeftBackup {
  readonly flags?: string[];
  readonly compressor: readonly string[];
  readonly encryptor?: readonly string[];
  readonly metadata: Metadata;
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
  const only = await createTestFolder('only-zfs');
  await symlink((await execa('which', ['zfs'])).stdout, join(only, 'zfs'));
  const target = `${pool.name}/restored`;
  const outcome = await cli.with({ PATH: only }).zfs3backup('restore', '2015-06-04', '--to', target);
  expect(outcome).toMatchObject({ status: 0 });
  expect(await treeAt(pool, target)).toEqual(data.treeOf(names[3] ?? ''));
});

it('restores and continues what the Python zfs3backup encrypted with gpg', async () => {
  const job = await createCliStore();
  const data = await createTestDataset(pool, 'encrypted');
  const names = ['auto-1', 'auto-2', 'auto-3'];
  for (const name of names) await data.snapshot(name);
  const [first, second] = names.map((name) => `${data.name}@${name}`) as [string, string];
  // Its keys were the user's own, who trusts them.
  const encryptor = ['gpg', '--homedir', keys.gpgHome, '--trust-model', 'always', '-r', keys.userId, '-e'];
  await leaveBackup(job, first, {
    ...{ flags: ['-R'], compressor: ['pigz', '-1', '--blocksize', '4096'], encryptor },
    metadata: { size: '220312', isfull: 'true', compressor: 'pigz1', encryptor: 'gpg' },
  });
  await leaveBackup(job, second, {
    ...{ flags: ['-R', '-i', first], compressor: ['zstd', '-3', '-T0'], encryptor },
    metadata: { size: '120000', parent: first, compressor: 'zstd3', encryptor: 'gpg' },
  });
  const env = {
    ...job.env,
    FILESYSTEM: data.name,
    SNAPSHOT_PREFIX: 'auto',
    ZFS3BACKUP_GPG_HOME: keys.gpgHome,
  };
  const cli = await createCli({ ...env, ENCRYPTOR: 'gpg', GPG_KEYID: keys.userId });
  expect(await cli.zfs3backup('backup')).toMatchObject({ status: 0 });
  const continued = await job.store.head(`${job.store.prefix}${data.name}@auto-3`);
  expect(continued?.metadata).toMatchObject({ parent: second, compressor: 'zstd', encryptor: 'gpg' });
  const target = `${pool.name}/decrypted`;
  const restored = await cli.zfs3backup('restore', 'auto-3', '--to', target);
  expect([restored.status, restored.stderr]).toEqual([0, expect.any(String)]);
  expect(await treeAt(pool, target)).toEqual(data.treeOf('auto-3'));
});
