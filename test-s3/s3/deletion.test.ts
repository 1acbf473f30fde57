import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLineage } from '../../src/reading/read-lineage.ts';
import { reindex } from '../../src/reindex.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { leaveUpload } from '../../test/transfer/leave-upload.ts';
import { type Cli, createCli } from '../main/run-cli.ts';
import {
  createBucket,
  createLimitedUser,
  createTestClient,
  openTestStore,
  s3Credentials,
  s3Server,
  setVersioning,
} from '../s3.ts';
import { type CliStore, createCliStore } from './cli-store.ts';
import { DATASET, PREFIX, putBackups } from './put-backups.ts';

/** A bucket with a chain, and the programs of a user who may do this there and nothing else. */
async function createLimited(...actions: readonly string[]) {
  const { bucket, env, store } = await createCliStore();
  await putBackups(store, 'a', 'b<a');
  const { accessKeyId, secretAccessKey } = await createLimitedUser(bucket, actions);
  const limited = await createCli({ ...env, S3_KEY_ID: accessKeyId, S3_SECRET: secretAccessKey });
  return { store, limited };
}

async function names(store: ObjectStore): Promise<string> {
  const { entries } = await readLineage(store, DATASET);
  return entries.map(({ backup, health }) => `${backup.snapshot} ${health}`).join(', ');
}

let job: CliStore;
let cli: Cli;
beforeAll(async () => {
  job = await createCliStore();
  cli = await createCli(job.env);
});
afterAll(() => job.store.close());

describe('prune and delete, in a bucket', () => {
  it('delete chains that no rule keeps, and their records', async () => {
    const { store } = job;
    await putBackups(store, 'a', 'b<a', 'c<b');
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await putBackups(store, 'd', 'e<d');
    await reindex({ store });
    const words = ['--dataset', DATASET, '--json'];
    const dry = await cli.zfs3backup('prune', '--keep', '1', '--dry-run', ...words);
    expect(JSON.parse(dry.stdout)).toMatchObject({
      deletions: ['tank/a@c', 'tank/a@b', 'tank/a@a'],
      warnings: [],
    });
    const refused = await cli.zfs3backup('delete', 'tank/a@d', '--yes');
    expect([refused.status, refused.stderr]).toEqual([3, expect.stringContaining('1 backup builds on it')]);
    const done = await cli.zfs3backup('prune', '--keep', '1', '--yes', ...words);
    expect(JSON.parse(done.stdout).deleted).toHaveLength(3);
    expect(await names(store)).toBe('d ok, e ok');
    const keys: string[] = [];
    for await (const { key } of store.list('')) keys.push(key);
    expect(keys).toHaveLength(4);
    expect((await cli.zfs3backup('cleanup', '--older-than', '0s')).stdout).toMatch(/^Nothing is left over/);
  });

  it('stop at a store that may not delete, and say which permission is missing', async () => {
    const may = ['s3:ListBucket', 's3:GetObject', 's3:ListBucketMultipartUploads', 's3:GetBucketVersioning'];
    const { store, limited } = await createLimited(...may);
    const { status, stderr } = await limited.zfs3backup('delete', 'tank/a@b', '--yes');
    expect(status).toBe(1);
    expect(stderr).toContain('s3:DeleteObject');
    expect(stderr).toContain('Object Lock');
    expect(await names(store)).toBe('a ok, b ok');
    store.close();
  });

  it('do nothing where open uploads cannot be listed', async () => {
    const { store, limited } = await createLimited('s3:ListBucket', 's3:GetObject', 's3:DeleteObject');
    const { status, stderr } = await limited.zfs3backup('delete', 'tank/a@b', '--yes');
    expect(status).toBe(1);
    expect(stderr).toContain('s3:ListBucketMultipartUploads');
    expect(await names(store)).toBe('a ok, b ok');
    store.close();
  });
});

describe('a bucket that keeps versions', () => {
  let versioned: CliStore;
  let there: Cli;
  beforeAll(async () => {
    versioned = await createCliStore();
    there = await createCli(versioned.env);
    await setVersioning(versioned.bucket);
  });
  afterAll(() => versioned.store.close());

  it('says that space is not free yet, shows what was deleted, and brings it back with its chain', async () => {
    const { store } = versioned;
    await putBackups(store, 'a', 'b<a', 'c<b', 'd');
    await reindex({ store });
    await putBackups(store, 'late<d');
    const all = await there.zfs3backup('delete', 'tank/a@a', '--with-children', '--yes');
    expect(all.status).toBe(0);
    expect(all.stderr).toContain('The bucket keeps versions');
    expect(await names(store)).toBe('d ok, late ok');
    await there.zfs3backup('delete', 'tank/a@late', '--yes');

    const shown = await there.zfs3backup('status', '--deleted', '--dataset', DATASET);
    expect(shown.status).toBe(0);
    expect(shown.stdout).toMatch(/^tank\/a@a +\| full +\| - +\|/m);
    expect(shown.stdout).toMatch(/^tank\/a@b +\| incremental +\| a +\|/m);
    expect(shown.stdout).toMatch(/^tank\/a@late +\| incremental +\| d +\|/m);
    expect(shown.stdout).toContain('4 backups deleted but recoverable');
    const whole = JSON.parse((await there.zfs3backup('status', '--deleted', '--json')).stdout);
    expect(whole.deleted).toHaveLength(4);

    const dry = await there.zfs3backup('undelete', 'tank/a@b', '--dry-run', '--json');
    expect(JSON.parse(dry.stdout).steps).toEqual(['tank/a@a', 'tank/a@b']);
    const back = await there.zfs3backup('undelete', 'tank/a@b', 'tank/a@late');
    expect([back.status, back.stdout]).toEqual([
      0,
      'brought back tank/a@a\nbrought back tank/a@b\nbrought back tank/a@late',
    ]);
    expect((await names(store)).split(', ').sort()).toEqual(['a ok', 'b ok', 'd ok', 'late ok']);
    const { entries } = await readLineage(store, DATASET);
    const recorded = entries.filter(({ backup }) => backup.recordKey !== undefined);
    expect(recorded.map(({ backup }) => backup.snapshot).sort()).toEqual(['a', 'b', 'd']);

    const again = await there.zfs3backup('undelete', 'tank/a@b');
    expect([again.status, again.stdout]).toEqual([
      0,
      `b is there: it was not deleted.\nNothing to bring back in s3://${versioned.bucket}.`,
    ]);
    const never = await there.zfs3backup('undelete', 'tank/a@never');
    expect([never.status, never.stderr]).toEqual([4, expect.stringContaining('There is: c')]);
  });

  it('shows a dataset of which all was deleted', async () => {
    await there.zfs3backup('delete', 'tank/a@a', 'tank/a@d', '--with-children', '--force', '--yes');
    const { status, stdout } = await there.zfs3backup('status', '--deleted', '--dataset', DATASET);
    expect(status).toBe(0);
    expect(stdout).toContain('5 backups deleted but recoverable');
    expect((await there.zfs3backup('undelete', 'tank/a@c')).status).toBe(0);
    expect(await names(versioned.store)).toBe('a ok, b ok, c ok');
  });
});

it('hides what is locked, and brings it back', async () => {
  const bucket = await createBucket({ ObjectLockEnabledForBucket: true });
  const { accessKeyId, secretAccessKey } = s3Credentials();
  const locked = await createCli({
    ...{ BUCKET: bucket, ENDPOINT: s3Server().endpoint, S3_KEY_ID: accessKeyId, S3_SECRET: secretAccessKey },
    ...{ ZFS3BACKUP_S3_OBJECT_LOCK_MODE: 'GOVERNANCE', ZFS3BACKUP_S3_RETAIN_DAYS: '1' },
  });
  const store = openTestStore(bucket, { objectLock: { mode: 'GOVERNANCE', days: 1 } });
  await putBackups(store, 'a', 'b<a');
  const gone = await locked.zfs3backup('delete', 'tank/a@b', '--yes');
  expect(gone.status).toBe(0);
  expect(gone.stderr).toContain('The bucket keeps versions');
  expect(await names(store)).toBe('a ok');
  const client = createTestClient();
  const [version] = (await store.versions?.listDeleted(PREFIX)) ?? [];
  const forGood = { Bucket: bucket, Key: version?.key, VersionId: version?.versionId };
  await expect(client.send(new DeleteObjectCommand(forGood))).rejects.toMatchObject({ name: 'AccessDenied' });
  client.destroy();
  expect((await locked.zfs3backup('undelete', 'tank/a@b')).status).toBe(0);
  expect(await names(store)).toBe('a ok, b ok');
  store.close();
});

it('has nothing to bring back where the bucket keeps no versions', async () => {
  const { status, stdout } = await cli.zfs3backup('status', '--deleted', '--dataset', DATASET);
  expect(status).toBe(0);
  expect(stdout).toContain('Nothing was deleted that could be brought back.');
  expect((await cli.zfs3backup('undelete', 'tank/a@never')).status).toBe(4);
});

describe('cleanup, in a bucket', () => {
  it('drops uploads under the prefix only, with their notes, and orphaned records', async () => {
    const { store, bucket } = job;
    const ours = await store.startUpload(`${PREFIX}${DATASET}@x`);
    await ours.putPart(1, Buffer.alloc(1000));
    await store.startUpload('photos/1.jpg');
    await putBackups(store, 'orphan');
    await reindex({ store });
    await store.remove(`${PREFIX}${DATASET}@orphan`);
    const young = await cli.zfs3backup('cleanup', '--json');
    expect(JSON.parse(young.stdout)).toMatchObject({
      dropped: [],
      left: [{ what: 'upload' }, { what: 'record' }],
    });
    const done = await cli.zfs3backup('cleanup', '--older-than', '0s', '--json');
    expect(JSON.parse(done.stdout)).toMatchObject({
      dropped: [
        { what: 'upload', uploadId: ours.uploadId, bytes: 1000 },
        { what: 'record', name: expect.stringContaining('.records/tank/a@orphan/') },
      ],
      left: [],
    });
    expect((await store.openUploads('')).map(({ key }) => key)).toEqual(['photos/1.jpg']);
    expect((await cli.zfs3backup('cleanup')).stdout).toBe(`Nothing is left over in s3://${bucket}.`);
  });

  it('sees the upload of pput that is not under the prefix, and leaves it while it is young', async () => {
    const { store } = job;
    const { uploadId } = await leaveUpload(store, PREFIX, 'manual/keep');
    const young = await cli.zfs3backup('cleanup', '--json');
    expect(JSON.parse(young.stdout)).toMatchObject({
      dropped: [],
      left: [{ what: 'upload', uploadId }, { what: 'note' }],
    });
    const done = await cli.zfs3backup('cleanup', '--older-than', '0s', '--json');
    expect(JSON.parse(done.stdout).dropped).toMatchObject([{ what: 'upload', uploadId }, { what: 'note' }]);
    expect(await store.openUploads('manual/')).toEqual([]);
  });

  it('leaves what it may not look at', async () => {
    const { store, bucket } = job;
    const { uploadId } = await leaveUpload(store, PREFIX, 'manual/keep');
    const may = ['s3:ListBucket', 's3:GetObject', 's3:DeleteObject', 's3:ListBucketMultipartUploads'];
    const { accessKeyId, secretAccessKey } = await createLimitedUser(bucket, may);
    const limited = await createCli({
      ...{ BUCKET: bucket, ENDPOINT: s3Server().endpoint },
      ...{ S3_KEY_ID: accessKeyId, S3_SECRET: secretAccessKey },
    });
    const done = await limited.zfs3backup('cleanup', '--older-than', '0s', '--json');
    expect(JSON.parse(done.stdout)).toMatchObject({
      dropped: [],
      left: [{ what: 'upload', uploadId, reason: 'its parts may not be listed' }, { what: 'note' }],
    });
  });
});
