import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import {
  CreateBucketCommand,
  type CreateBucketCommandInput,
  DeleteBucketCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { inject } from 'vitest';
import { PROVIDERS } from '../src/store/providers.ts';
import type { S3StoreOptions } from '../src/store/s3-context.ts';
import type { S3Credentials } from '../src/store/s3-options.ts';
import { createS3Store } from '../src/store/s3-store.ts';
import type { S3Server } from './setup/s3-server.ts';

const run = promisify(execFile);

/** The server that `setup/s3-server.ts` started. */
export function s3Server(): S3Server {
  return inject('s3');
}

export function s3Credentials(): S3Credentials {
  const { accessKeyId, secretAccessKey } = s3Server();
  return { accessKeyId, secretAccessKey };
}

/** What a test asks past the store, to see what is really there. The caller destroys it. */
export function createTestClient(): S3Client {
  const { endpoint } = s3Server();
  return new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials: s3Credentials() });
}

/** A new bucket, this test's own. */
export async function createBucket(options: Partial<CreateBucketCommandInput> = {}): Promise<string> {
  const bucket = `test-${randomUUID()}`;
  const client = createTestClient();
  await client.send(new CreateBucketCommand({ ...options, Bucket: bucket }));
  client.destroy();
  return bucket;
}

/** From here on the bucket keeps what is overwritten and deleted, or does no longer. */
export async function setVersioning(
  bucket: string,
  Status: 'Enabled' | 'Suspended' = 'Enabled',
): Promise<void> {
  const client = createTestClient();
  await client.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status } }));
  client.destroy();
}

/** Of a bucket that is empty; a user of the server may have a thousand. */
export async function removeBucket(bucket: string): Promise<void> {
  const client = createTestClient();
  await client.send(new DeleteBucketCommand({ Bucket: bucket }));
  client.destroy();
}

/** What opens a store on the test server; override what the test is about. */
export function s3StoreOptions(bucket: string, options: Partial<S3StoreOptions> = {}): S3StoreOptions {
  return {
    bucket,
    prefix: 'zfs3backup-backup/',
    endpoint: s3Server().endpoint,
    credentials: s3Credentials(),
    provider: PROVIDERS.ceph,
    ...options,
  };
}

export function openTestStore(bucket: string, options: Partial<S3StoreOptions> = {}) {
  return createS3Store(s3StoreOptions(bucket, options));
}

/** A user who may do in `bucket` what is listed, such as `s3:GetObject`, and nothing else anywhere. */
export async function createLimitedUser(bucket: string, actions: readonly string[]): Promise<S3Credentials> {
  const id = `user-${randomUUID()}`;
  const credentials = { accessKeyId: id, secretAccessKey: randomUUID() };
  const keys = [`--access-key=${credentials.accessKeyId}`, `--secret-key=${credentials.secretAccessKey}`];
  await run('radosgw-admin', [
    ...['-c', s3Server().cephConfig, 'user', 'create', `--uid=${id}`, `--display-name=${id}`],
    ...keys,
  ]);
  if (actions.length > 0) await allow(bucket, id, actions);
  return credentials;
}

/** Another key of the server's own user, who may do everything with what `s3Credentials` stored. */
export async function createSecondKey(): Promise<S3Credentials> {
  const credentials = { accessKeyId: `key-${randomUUID()}`, secretAccessKey: randomUUID() };
  const keys = [`--access-key=${credentials.accessKeyId}`, `--secret-key=${credentials.secretAccessKey}`];
  await run('radosgw-admin', ['-c', s3Server().cephConfig, 'key', 'create', '--uid=test', ...keys]);
  return credentials;
}

async function allow(bucket: string, user: string, actions: readonly string[]): Promise<void> {
  const statement = {
    Effect: 'Allow',
    Principal: { AWS: [`arn:aws:iam:::user/${user}`] },
    Action: actions,
    Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
  };
  const client = createTestClient();
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  await client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
  client.destroy();
}
