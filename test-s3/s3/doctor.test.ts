import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PutBucketLifecycleConfigurationCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { beforeAll, expect, it } from 'vitest';
import type { Cli, Outcome } from '../main/run-cli.ts';
import { createBucket, createLimitedUser, createTestClient, openTestStore, setVersioning } from '../s3.ts';
import { createTestFolder } from '../test-folder.ts';
import { createTestJob, type TestJob } from './test-job.ts';

const SKEWED_CLOCK = join(import.meta.dirname, '../../test/fixtures/skewed-clock.mjs');

let job: TestJob;
let folder: string;
beforeAll(async () => {
  job = await createTestJob({ SNAPSHOT_PREFIX: 'daily', PROVIDER: 'ceph' });
  await job.data.snapshot('daily-1');
  folder = await createTestFolder('doctor');
});

/** Its answer, as `area verdict what` lines; secrets are in none of it. */
async function ask(who: Cli): Promise<Outcome & { readonly said: readonly string[] }> {
  const outcome = await who.zfs3backup('doctor', '--json');
  expect(outcome.stdout + outcome.stderr).not.toContain(who.env['S3_SECRET']);
  const { findings } = JSON.parse(outcome.stdout) as { findings: Record<string, string>[] };
  return { ...outcome, said: findings.map(({ area, verdict, what }) => `${area} ${verdict} ${what}`) };
}

const problems = (said: readonly string[]) => said.filter((line) => /^\w+ problem/.test(line));

it('finds nothing wrong with a good set-up, and leaves neither object nor open upload', async () => {
  const { status, said } = await ask(job.cli);
  expect(problems(said)).toEqual([]);
  expect(said).toContain('permissions ok backups can be stored, gone on with and looked at');
  expect(said).toContain("store ok the clock of this machine agrees with the store's");
  expect(said).toContain('permissions note these credentials can delete backups, and so can who steals them');
  expect(status).toBe(0);
  expect(await job.store.openUploads('')).toEqual([]);
  for await (const { key } of job.store.list('')) throw new Error(`${key} is left`);
});

it('tells of backups once there are some', async () => {
  expect(await job.cli.zfs3backup('backup')).toMatchObject({ status: 0 });
  const { said } = await ask(job.cli);
  expect(said.find((line) => line.startsWith('backups'))).toMatch(
    /the newest of .* is daily-1, stored 0 min ago/,
  );
});

it.each<[string, Record<string, string>, number, RegExp]>([
  ['a wrong secret', { S3_SECRET: 'not-the-secret' }, 1, /^store problem .*the secret key does not fit/],
  ['an unknown key', { S3_KEY_ID: 'nobody' }, 1, /^store problem .*does not know the access key/],
  ['a bucket that is not there', { BUCKET: 'no-such-bucket-at-all' }, 4, /^store problem .*no such bucket/],
  ['an endpoint that nobody answers at', { ENDPOINT: 'http://127.0.0.1:9' }, 1, /^store problem .*refuses/],
  ['https where there is http', { ENDPOINT: 'https://127.0.0.1:PORT' }, 1, /^store problem .*protocol/],
  ['a dataset that is not there', { FILESYSTEM: 'no/such' }, 4, /^zfs problem no\/such: /],
])('tells of %s, and only of that', async (_, env, expected, sentence) => {
  const port = new URL(job.env['ENDPOINT'] ?? '').port;
  const filled = Object.fromEntries(
    Object.entries(env).map(([name, value]) => [name, value.replace('PORT', port)]),
  );
  const { status, said } = await ask(job.cli.with(filled));
  expect(problems(said)).toEqual([expect.stringMatching(sentence)]);
  expect(status).toBe(expected);
});

it('tells of a machine without ZFS, and only of that', async () => {
  const { status, said } = await ask(await job.cli.withoutZfs());
  expect(problems(said)).toEqual([expect.stringMatching(/^zfs problem zfs: no such program/)]);
  expect(status).toBe(1);
});

it('tells of a compressor whose program is missing', async () => {
  const config = join(folder, 'zfs3backup.conf');
  await writeFile(
    config,
    '[main]\nCOMPRESSOR=mine\n[compressor:mine]\ncompress=no-such-compressor -c\ndecompress=no-such-compressor -d\n',
  );
  const { status, said } = await ask(job.cli.with({ SKIP_CONFIG_FILE: '', ZFS3BACKUP_CONFIG: config }));
  expect(problems(said)).toEqual(['filters problem no-such-compressor: no such program on PATH']);
  expect(status).toBe(1);
});

it.each([1200, -1200])('tells of a clock that is off by %i s', async (seconds) => {
  const skewed = job.cli.with({
    NODE_OPTIONS: `--import ${SKEWED_CLOCK}`,
    SKEW_SECONDS: `${seconds}`,
  });
  const { status, said } = await ask(skewed);
  const which = seconds > 0 ? 'ahead of' : 'behind';
  expect(problems(said)).toEqual([
    `store problem the clock of this machine is 20 min ${which} the store's; beyond 15 min requests are refused`,
  ]);
  expect(status).toBe(1);
});

it('tells what a user lacks, and what the bucket does by itself', async () => {
  const bucket = await createBucket();
  const user = await createLimitedUser(bucket, [
    's3:ListBucket',
    's3:GetBucketVersioning',
    's3:GetLifecycleConfiguration',
  ]);
  await setVersioning(bucket);
  const client = createTestClient();
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'zfs3backup-backup/tank/a@s' }));
  const rule = { ID: 'r', Status: 'Enabled', Filter: { Prefix: '' }, Expiration: { Days: 30 } } as const;
  await client.send(
    new PutBucketLifecycleConfigurationCommand({ Bucket: bucket, LifecycleConfiguration: { Rules: [rule] } }),
  );
  client.destroy();
  const keys = { S3_KEY_ID: user.accessKeyId, S3_SECRET: user.secretAccessKey };
  const { status, said } = await ask(job.cli.with({ BUCKET: bucket, ...keys }));
  expect(problems(said)).toEqual([expect.stringMatching(/^permissions problem .*access denied/)]);
  expect(said).toContainEqual(expect.stringMatching(/^bucket ok versions are kept/));
  expect(said).toContainEqual(
    expect.stringMatching(/^bucket warning a rule of the bucket deletes objects of the bucket after 30 days/),
  );
  expect(said).toContain('permissions ok these credentials cannot read backups: restoring takes others');
  expect(status).toBe(1);
  const store = openTestStore(bucket);
  expect(await store.openUploads('')).toEqual([]);
  store.close();
});
