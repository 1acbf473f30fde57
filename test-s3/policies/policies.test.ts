import { setTimeout } from 'node:timers/promises';
import {
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { S3Credentials } from '../../src/store/s3-options.ts';
import { type Cli, createCli } from '../main/run-cli.ts';
import { createTestDataset, type TestDataset, treeAt } from '../main/test-dataset.ts';
import { type CliStore, createCliStore } from '../s3/cli-store.ts';
import { createTestClient, s3Server, setVersioning } from '../s3.ts';
import { createTestPool, type TestPool } from '../zfs/test-pool.ts';
import { createPolicyUsers, type PolicyName } from './policy-users.ts';

const PREFIX = 'zfs3backup-backup/';

let pool: TestPool;
let data: TestDataset;
let job: CliStore;
let users: Record<PolicyName, S3Credentials>;
/** May do everything: what a user was allowed to do is looked at from here. */
let owner: S3Client;
beforeAll(async () => {
  pool = await createTestPool();
  data = await createTestDataset(pool, 'data');
  job = await createCliStore();
  owner = createTestClient();
  users = await createPolicyUsers(job.bucket, PREFIX, ['backup', 'restore', 'verify', 'prune']);
});

const clients: S3Client[] = [];
afterAll(() => {
  for (const client of [owner, ...clients]) client.destroy();
});

/** The programs with the keys of the user that has this policy. */
async function cliOf(name: PolicyName): Promise<Cli> {
  const { accessKeyId, secretAccessKey } = users[name];
  return createCli({
    ...job.env,
    ...{ S3_KEY_ID: accessKeyId, S3_SECRET: secretAccessKey, PROVIDER: 'ceph' },
    ...{ FILESYSTEM: data.name, SNAPSHOT_PREFIX: 'daily', CHUNK_SIZE: '5M' },
  });
}

/** A bare client with these keys: what a thief of them has. */
function clientOf(credentials: S3Credentials): S3Client {
  const { endpoint } = s3Server();
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
  clients.push(client);
  return client;
}

const thiefOf = (name: PolicyName) => clientOf(users[name]);

const keyOf = (snapshot: string) => `${PREFIX}${data.name}@${snapshot}`;
const at = (key: string) => ({ Bucket: job.bucket, Key: key });
const refused = { $metadata: { httpStatusCode: 403 } };

async function openUploads(): Promise<number> {
  return (await job.store.openUploads(PREFIX)).length;
}

describe('who may only back up', () => {
  it('stores a full backup of several parts, shows it, and goes on with it', async () => {
    const cli = await cliOf('backup');
    await data.snapshot('daily-1', 12_000_000);
    expect(await cli.zfs3backup('backup')).toMatchObject({ status: 0 });
    const status = await cli.zfs3backup('status');
    expect(status).toMatchObject({ status: 0 });
    expect(status.stdout).toMatch(/daily-1 .*full .*ok/);
    await data.snapshot('daily-2');
    expect(await cli.zfs3backup('backup')).toMatchObject({ status: 0 });
    const after = await cli.zfs3backup('status');
    expect(after.stdout).toMatch(/daily-2 .*daily-1 .*incremental .*ok/);
    expect(await openUploads()).toBe(0);
  });

  it('goes on with an upload that was killed', async () => {
    const cli = await cliOf('backup');
    await data.snapshot('daily-3', 30_000_000);
    const program = execa(process.execPath, ['bin/zfs3backup.js', 'backup', '--bwlimit', '8M'], {
      ...{ env: cli.env, extendEnv: false, reject: false },
    });
    for (let parts = 0; parts === 0; await setTimeout(100)) {
      const [upload] = await job.store.openUploads(keyOf('daily-3'));
      parts = (await upload?.listParts())?.length ?? 0;
    }
    program.kill('SIGKILL');
    await program;
    const rest = await cli.zfs3backup('backup', '--json');
    expect(rest).toMatchObject({ status: 0 });
    expect(JSON.parse(rest.stdout).backups[0].skippedParts).toBeGreaterThan(0);
    expect(await openUploads()).toBe(0);
  });

  it('verifies what is there without reading it', async () => {
    const cli = await cliOf('backup');
    expect(await cli.zfs3backup('verify', '--level', '1')).toMatchObject({ status: 0 });
    const deeper = await cli.zfs3backup('verify', '--level', '2');
    expect(deeper.status).not.toBe(0);
    expect(deeper.stdout + deeper.stderr).toContain('denied');
  });

  it('is told by doctor that all is well', async () => {
    const { status, stdout } = await (await cliOf('backup')).zfs3backup('doctor');
    expect(stdout).toContain('these credentials cannot read backups');
    expect(stdout).not.toContain('can delete backups');
    expect(stdout).not.toMatch(/^ {2}(warning|problem) .*(permission|s3:)/m);
    expect(status).toBe(0);
  });

  it('can neither read nor delete what is stored, by the programs or past them', async () => {
    const cli = await cliOf('backup');
    const restore = await cli.zfs3backup('restore', 'daily-1', '--to', `${pool.name}/stolen`);
    expect(restore).toMatchObject({ status: 1 });
    expect(restore.stderr).toContain('denied');
    const removal = await cli.zfs3backup('delete', 'daily-3', '--yes');
    expect(removal).toMatchObject({ status: 1 });
    expect(removal.stderr).toContain('denied');
    const thief = thiefOf('backup');
    const key = keyOf('daily-1');
    await expect(thief.send(new GetObjectCommand(at(key)))).rejects.toMatchObject(refused);
    await expect(thief.send(new DeleteObjectCommand(at(key)))).rejects.toMatchObject(refused);
    const grant = new PutObjectAclCommand({ ...at(key), ACL: 'public-read' });
    await expect(thief.send(grant)).rejects.toMatchObject(refused);
    expect(await cli.zfs3backup('status')).toMatchObject({ status: 0 });
  });

  it('sees and touches nothing outside of its prefix', async () => {
    await owner.send(new PutObjectCommand({ ...at('other/secret'), Body: 'x' }));
    const thief = thiefOf('backup');
    const { Bucket } = at('');
    for (const command of [
      new ListObjectsV2Command({ Bucket }),
      new ListObjectsV2Command({ Bucket, Prefix: 'other/' }),
    ])
      await expect(thief.send(command)).rejects.toMatchObject(refused);
    for (const command of [
      new PutObjectCommand({ ...at('other/secret'), Body: 'y' }),
      new CreateMultipartUploadCommand(at('other/more')),
    ])
      await expect(thief.send(command as PutObjectCommand)).rejects.toMatchObject(refused);
    await expect(thief.send(new GetObjectCommand(at('other/secret')))).rejects.toMatchObject(refused);
    await expect(thief.send(new DeleteObjectCommand(at('other/secret')))).rejects.toMatchObject(refused);
  });
});

describe('who may only restore', () => {
  it('shows and restores', async () => {
    const cli = await cliOf('restore');
    expect(await cli.zfs3backup('status')).toMatchObject({ status: 0 });
    const target = `${pool.name}/restored`;
    expect(await cli.zfs3backup('restore', 'daily-3', '--to', target)).toMatchObject({ status: 0 });
    expect(await treeAt(pool, target)).toEqual(data.treeOf('daily-3'));
    expect(await cli.zfs3backup('verify', '--level', '2')).toMatchObject({ status: 0 });
  });

  it('can neither store nor delete', async () => {
    await data.snapshot('daily-4');
    const backup = await (await cliOf('restore')).zfs3backup('backup');
    expect(backup).toMatchObject({ status: 1 });
    expect(backup.stderr).toContain('denied');
    await expectNoWriting('restore');
  });
});

describe('who may only verify', () => {
  it('reads every byte, and makes records good', async () => {
    const cli = await cliOf('verify');
    expect(await cli.zfs3backup('verify', '--level', '2')).toMatchObject({ status: 0 });
    for await (const { key } of job.store.list(`${PREFIX}.records/`)) await job.store.remove(key);
    const blind = await (await cliOf('backup')).zfs3backup('status');
    expect(blind).toMatchObject({ status: 1 });
    expect(blind.stderr).toContain('reindex');
    expect(await cli.zfs3backup('reindex')).toMatchObject({ status: 0 });
    expect(await (await cliOf('backup')).zfs3backup('status')).toMatchObject({ status: 0 });
  });

  it('can neither store nor delete', async () => {
    await expectNoWriting('verify');
  });
});

describe('who may only clean up', () => {
  it('deletes, and drops what was left open', async () => {
    const upload = await job.store.startUpload(keyOf('daily-9'));
    const cli = await cliOf('prune');
    expect(await cli.zfs3backup('cleanup', '--older-than', '0d')).toMatchObject({ status: 0 });
    expect(await openUploads()).toBe(0);
    expect(upload.uploadId).not.toBe('');
    expect(await cli.zfs3backup('delete', 'daily-3', '--yes')).toMatchObject({ status: 0 });
    const status = await cli.zfs3backup('status');
    expect(status.stdout).not.toMatch(/daily-3 .*incremental/);
    expect(status.stdout).toMatch(/daily-2 .*incremental .*ok/);
  });

  it('can neither read nor store', async () => {
    const thief = thiefOf('prune');
    await expect(thief.send(new GetObjectCommand(at(keyOf('daily-1'))))).rejects.toMatchObject(refused);
    await expect(
      thief.send(new PutObjectCommand({ ...at(keyOf('daily-1')), Body: 'x' })),
    ).rejects.toMatchObject(refused);
  });
});

async function expectNoWriting(name: PolicyName): Promise<void> {
  const thief = thiefOf(name);
  const key = keyOf('daily-1');
  await expect(thief.send(new DeleteObjectCommand(at(key)))).rejects.toMatchObject(refused);
  await expect(thief.send(new PutObjectCommand({ ...at(key), Body: 'x' }))).rejects.toMatchObject(refused);
  await expect(thief.send(new CreateMultipartUploadCommand(at(key)))).rejects.toMatchObject(refused);
}

// The language of policies has no word for "only where nothing is yet" that this gateway knows. What it can do is to
// keep what was there before.
describe('overwriting, in a bucket that keeps versions', () => {
  it('leaves what was there to who may read versions, whatever the thief does', async () => {
    const { bucket } = await createCliStore();
    await setVersioning(bucket);
    const { backup } = await createPolicyUsers(bucket, PREFIX, ['backup']);
    const place = { Bucket: bucket, Key: `${PREFIX}tank/a@s` };
    const thief = clientOf(backup);
    await thief.send(new PutObjectCommand({ ...place, Body: 'the backup' }));
    await thief.send(new PutObjectCommand({ ...place, Body: 'rubbish' }));
    const { Versions = [] } = await owner.send(new ListObjectVersionsCommand({ Bucket: bucket }));
    expect(Versions).toHaveLength(2);
    for (const { VersionId } of Versions) {
      const removal = new DeleteObjectCommand({ ...place, VersionId });
      await expect(thief.send(removal)).rejects.toMatchObject(refused);
      await expect(thief.send(new GetObjectCommand({ ...place, VersionId }))).rejects.toMatchObject(refused);
    }
    const stop = { Status: 'Suspended' } as const;
    await expect(
      thief.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: stop })),
    ).rejects.toMatchObject(refused);
    const former = Versions.find(({ IsLatest }) => !IsLatest)?.VersionId;
    const { Body } = await owner.send(new GetObjectCommand({ ...place, VersionId: former }));
    expect(await Body?.transformToString()).toBe('the backup');
  });
});
