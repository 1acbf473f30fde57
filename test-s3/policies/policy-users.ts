import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import type { S3Credentials } from '../../src/store/s3-options.ts';
import { createTestClient, s3Server } from '../s3.ts';

const run = promisify(execFile);
const FOLDER = join(import.meta.dirname, '../../docs/policies');

export type PolicyName = 'backup' | 'restore' | 'verify' | 'prune';

interface Statement {
  readonly Sid: string;
  readonly Principal?: object;
}

/**
 * A user of the gateway for each policy of docs/policies, and nothing else allowed to any of them. The owner of the
 * bucket puts them into one bucket policy, as docs/security.md says for servers without IAM.
 */
export async function createPolicyUsers<Name extends PolicyName>(
  bucket: string,
  prefix: string,
  names: readonly Name[],
): Promise<Record<Name, S3Credentials>> {
  const users: [Name, S3Credentials][] = [];
  // What another user stored is not the bucket owner's to read, unless the policy says so.
  const statements: Statement[] = [ownerMay(bucket)];
  for (const name of names) {
    const id = `${name}-${randomUUID()}`;
    users.push([name, await createUser(id)]);
    statements.push(...(await readStatements(name, { bucket, prefix, user: id })));
  }
  const client = createTestClient();
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  await client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
  client.destroy();
  return Object.fromEntries(users) as Record<Name, S3Credentials>;
}

function ownerMay(bucket: string): Statement & object {
  const Resource = [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`];
  const Principal = { AWS: ['arn:aws:iam:::user/test'] };
  return { ...{ Sid: 'Owner', Effect: 'Allow', Action: 's3:*', Resource }, Principal };
}

async function createUser(id: string): Promise<S3Credentials> {
  const credentials = { accessKeyId: id, secretAccessKey: randomUUID() };
  await run('radosgw-admin', [
    ...['-c', s3Server().cephConfig, 'user', 'create', `--uid=${id}`, `--display-name=${id}`],
    ...[`--access-key=${credentials.accessKeyId}`, `--secret-key=${credentials.secretAccessKey}`],
  ]);
  return credentials;
}

async function readStatements(
  name: PolicyName,
  { bucket, prefix, user }: { readonly bucket: string; readonly prefix: string; readonly user: string },
): Promise<readonly Statement[]> {
  const text = await readFile(join(FOLDER, `${name}.json`), 'utf8');
  const filled = text.replaceAll('BUCKET', bucket).replaceAll('PREFIX', prefix);
  const { Statement: statements } = JSON.parse(filled) as { Statement: readonly Statement[] };
  const Principal = { AWS: [`arn:aws:iam:::user/${user}`] };
  return statements.map((statement) => ({ ...statement, Sid: `${name}${statement.Sid}`, Principal }));
}
