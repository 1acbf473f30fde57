import { beforeAll, expect, it } from 'vitest';
import { createCli } from '../main/run-cli.ts';
import { createTestDataset, treeAt } from '../main/test-dataset.ts';
import { createTestPool, type TestPool } from '../zfs/test-pool.ts';
import { createCliStore } from './cli-store.ts';

let pool: TestPool;
beforeAll(async () => {
  pool = await createTestPool();
});

it('prints lines that reach the store when it was named by flags', async () => {
  const data = await createTestDataset(pool, 'data');
  await data.snapshot('daily-1');
  const { bucket, env } = await createCliStore();
  const { ENDPOINT: endpoint = '', S3_KEY_ID: keyId = '', S3_SECRET: secret = '' } = env;
  const cli = await createCli({ S3_KEY_ID: keyId, S3_SECRET: secret });
  const flags = [...['--store', `s3://${bucket}`], ...['--endpoint', endpoint, '--snapshot-prefix', 'daily']];
  const pipeline = async (...words: readonly string[]) => {
    const { stdout } = await cli.zfs3backup(...words, ...flags, '--dry-run');
    expect(stdout).not.toContain(secret);
    return stdout.split('\n').find((line) => line.includes(' | ')) ?? '';
  };
  const store = await pipeline('backup', '--dataset', data.name, '--acl', 'private', '--chunk-size', '6M');
  expect(store).toContain('--acl private');
  expect(await cli.shell(store)).toMatchObject({ status: 0 });
  const target = `${pool.name}/by-hand`;
  expect(await cli.shell(await pipeline('restore', `${data.name}@daily-1`, '--to', target))).toMatchObject({
    status: 0,
  });
  expect(await treeAt(pool, target)).toEqual(data.treeOf('daily-1'));
});
