import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { beforeAll, expect, it } from 'vitest';
import { createCli } from '../main/run-cli.ts';
import { createTestDataset, type TestDataset, treeAt } from '../main/test-dataset.ts';
import { createTestFolder } from '../test-folder.ts';
import { createTestPool, type TestPool } from '../zfs/test-pool.ts';
import { createCliStore } from './cli-store.ts';

let pool: TestPool;
let data: TestDataset;
beforeAll(async () => {
  pool = await createTestPool();
  data = await createTestDataset(pool, 'data');
  for (const name of ['first', 'second']) await data.snapshot(name);
});

/** The commands of one chapter of the page, with the test's own pool for the page's. */
async function commandsOf(chapter: string): Promise<readonly string[]> {
  const page = await readFile(fileURLToPath(new URL('../../docs/format.md', import.meta.url)), 'utf8');
  const text = page.split(/^## /m).find((part) => part.startsWith(`${chapter}\n`)) ?? '';
  const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block.trim());
  return blocks.map((block) => block.replaceAll('tank/', `${pool.name}/`));
}

const run = (line: string, env: Record<string, string>) =>
  execa('bash', ['-eo', 'pipefail', '-c', line], { env, stdin: 'ignore' });

it('restores from S3 by the commands of docs/format.md', async () => {
  const job = await createCliStore();
  const cli = await createCli({ ...job.env, FILESYSTEM: data.name, SNAPSHOT_PREFIX: '' });
  expect(await cli.zfs3backup('backup', '--history')).toMatchObject({ status: 0 });
  const config = join(await createTestFolder('aws'), 'config');
  await execa('aws', ['configure', 'set', 'default.s3.addressing_style', 'path'], {
    env: { AWS_CONFIG_FILE: config },
  });
  const env = {
    BUCKET: job.bucket,
    AWS_CONFIG_FILE: config,
    AWS_ACCESS_KEY_ID: job.env['S3_KEY_ID'] ?? '',
    AWS_SECRET_ACCESS_KEY: job.env['S3_SECRET'] ?? '',
    AWS_DEFAULT_REGION: 'us-east-1',
  };
  // the page is for AWS; --endpoint-url is all that another server adds
  const lines = (await commandsOf('By hand, from S3')).map((line) =>
    line.replaceAll(/^aws /gm, `aws --endpoint-url ${job.env['ENDPOINT']} `),
  );
  expect(lines).toHaveLength(4);
  const outputs: string[] = [];
  for (const line of lines) outputs.push((await run(line, env)).stdout);
  expect(outputs[0]).toContain(`${pool.name}/data@first`);
  expect(JSON.parse(outputs[1] ?? '')).toMatchObject({ isfull: 'true', compressor: 'zstd' });
  expect(await treeAt(pool, `${pool.name}/restored`)).toEqual(data.treeOf('second'));
});

it('restores from a directory by the commands of docs/format.md', async () => {
  const STORE_PATH = await createTestFolder('store');
  const cli = await createCli({
    ZFS3BACKUP_STORE: `file://${STORE_PATH}`,
    FILESYSTEM: data.name,
    SNAPSHOT_PREFIX: '',
  });
  expect(await cli.zfs3backup('backup', '--snapshot', 'first')).toMatchObject({ status: 0 });
  const lines = await commandsOf('By hand, from a directory');
  expect(lines).toHaveLength(1);
  // the test before may have left the page's own name taken
  const target = `${pool.name}/from-directory`;
  for (const line of lines) await run(line.replace(`${pool.name}/restored`, target), { STORE_PATH });
  expect(await treeAt(pool, target)).toEqual(data.treeOf('first'));
});
