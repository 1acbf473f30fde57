import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Cli, createCli } from '../main/run-cli.ts';
import { createLimitedUser, createTestClient } from '../s3.ts';
import { createTestFolder } from '../test-folder.ts';
import { type CliStore, createCliStore } from './cli-store.ts';

let job: CliStore;
let cli: Cli;
beforeAll(async () => {
  job = await createCliStore();
  cli = await createCli(job.env);
});

const fixture = (name: string) => join(import.meta.dirname, '../../test/fixtures', name);
const openUploads = (key: string) => job.store.openUploads(key);
const sentences = (text: string) => text.trim().split('\n').length;

describe('each failure is told in a clear sentence and an exit status', () => {
  const put = async (env: Record<string, string>) => {
    const outcome = await cli.with(env).shell('echo data | pput some/key');
    expect(outcome.stdout).toBe('');
    expect(outcome.stderr).not.toMatch(/\bat .*\.js:\d/);
    expect(outcome.stderr).not.toContain(env['S3_SECRET'] ?? job.env['S3_SECRET']);
    expect(sentences(outcome.stderr)).toBeLessThanOrEqual(3);
    return outcome;
  };

  it('a wrong secret', async () => {
    const outcome = await put({ S3_SECRET: 'not-the-secret' });
    expect(outcome).toMatchObject({ status: 1, stderr: expect.stringContaining('secret key does not fit') });
  });

  it('a bucket that does not exist', async () => {
    const outcome = await put({ BUCKET: 'no-such-bucket-at-all' });
    expect(outcome).toMatchObject({ status: 4, stderr: expect.stringContaining('no-such-bucket-at-all') });
  });

  it('an endpoint that nobody answers at', async () => {
    const outcome = await put({ ENDPOINT: 'http://127.0.0.1:9' });
    expect(outcome).toMatchObject({ status: 1, stderr: expect.stringContaining('127.0.0.1:9') });
  });

  it('a user who may read and not write', async () => {
    const user = await createLimitedUser(job.bucket, ['s3:GetObject', 's3:ListBucket']);
    const outcome = await put({ S3_KEY_ID: user.accessKeyId, S3_SECRET: user.secretAccessKey });
    expect(outcome).toMatchObject({ status: 1, stderr: expect.stringContaining('denied') });
  });
});

describe('a producer that fails leaves neither object nor open upload', () => {
  const PART = 5 * 1024 ** 2;

  it.each([0, 1, PART, PART + 1])('after %i bytes', async (bytes) => {
    const key = `failed/${bytes}`;
    const outcome = await cli.run('pput', key, '-s', '5M', '--', fixture('write-then-exit'), `${bytes}`, '3');
    expect(outcome).toMatchObject({ status: 1, stdout: '' });
    expect(outcome.stderr).toContain('exited with status 3');
    expect(await job.store.head(key)).toBeUndefined();
    expect(await openUploads(key)).toEqual([]);
  });

  it('and an empty stream stores nothing', async () => {
    const outcome = await cli.shell('pput empty/key < /dev/null');
    expect(outcome.status).not.toBe(0);
    expect(outcome.stderr).toContain('empty');
    expect(await job.store.head('empty/key')).toBeUndefined();
  });
});

describe('pput and zfs3backup_get', () => {
  it('bring back what was stored, across part boundaries', async () => {
    const folder = await createTestFolder('get');
    const part = 5 * 1024 ** 2;
    for (const bytes of [1, part - 1, part, part + 1, 2 * part + 7]) {
      const body = randomBytes(bytes);
      await writeFile(join(folder, 'body'), body);
      const stored = await cli.shell(`pput 'a key/${bytes}' -s 5M --quiet < ${folder}/body`);
      expect(stored.status).toBe(0);
      expect(stored.stdout).toMatch(/^\{"status": "success", "etag": "[0-9a-f]{32}(-\d+)?"\}$/);
      const got = await cli.run('zfs3backup_get', `a key/${bytes}`, '--output', join(folder, 'back'));
      expect(got).toMatchObject({ status: 0 });
      expect(Buffer.compare(await readFile(join(folder, 'back')), body)).toBe(0);
    }
    expect((await readdir(folder)).sort()).toEqual(['back', 'body']);
  });

  it('keep metadata whose value holds an equals sign', async () => {
    expect(
      await cli.shell(`echo x | pput with/meta --meta formula=a=b+c --metadata 'note=two words'`),
    ).toMatchObject({
      status: 0,
    });
    const client = createTestClient();
    const head = await client.send(new HeadObjectCommand({ Bucket: job.bucket, Key: 'with/meta' }));
    client.destroy();
    expect(head.Metadata).toEqual({ formula: 'a=b+c', note: 'two words' });
  });

  it('say which key is not there', async () => {
    const outcome = await cli.run('zfs3backup_get', 'not/there');
    expect(outcome).toMatchObject({ status: 4, stdout: '' });
    expect(outcome.stderr).toContain('not/there');
  });
});
