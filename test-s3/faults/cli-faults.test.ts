import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from 'vitest';
import { type Cli, createCli } from '../main/run-cli.ts';
import { s3Credentials } from '../s3.ts';
import { createTestFolder } from '../test-folder.ts';
import { BODY, createFaultCase, type FaultCase, KEY } from './fault-case.ts';
import { answer, cutAnswer, flipByte, inTurn, loseAnswer, neverAnswer, resetInBody } from './faults.ts';

const PPUT = fileURLToPath(new URL('../../bin/pput.js', import.meta.url));

let folder: string;
let input: string;
beforeAll(async () => {
  folder = await createTestFolder('faults');
  input = join(folder, 'input');
  await writeFile(input, BODY);
});

function environment({ proxy, bucket }: FaultCase): Record<string, string> {
  const { accessKeyId, secretAccessKey } = s3Credentials();
  return {
    BUCKET: bucket,
    ENDPOINT: proxy.endpoint,
    ZFS3BACKUP_PROVIDER: 'ceph',
    S3_KEY_ID: accessKeyId,
    S3_SECRET: secretAccessKey,
  };
}

async function createCase(): Promise<{ test: FaultCase; cli: Cli }> {
  const test = await createFaultCase();
  return { test, cli: await createCli(environment(test)) };
}

it('pput stores the right bytes through faults in every kind of request', async () => {
  const { test, cli } = await createCase();
  const broken = inTurn(resetInBody, answer(503, 'SlowDown'), loseAnswer);
  test.proxy.inject({ kind: 'part', partNumber: 1, times: 3 }, broken);
  test.proxy.inject({ kind: 'create' }, loseAnswer);
  test.proxy.inject({ kind: 'complete' }, loseAnswer);
  test.proxy.inject({ kind: 'head' }, answer(500));
  const outcome = await cli.shell(`pput '${KEY}' -s 5M --quiet < ${input}`);
  expect(outcome).toMatchObject({ status: 0, stdout: expect.stringContaining('success') });
  await test.expectStored();
});

it('pput obeys MAX_RETRIES, and leaves nothing', async () => {
  const { test, cli } = await createCase();
  test.proxy.inject({ kind: 'part', partNumber: 2, times: 99 }, answer(500, 'InternalError'));
  const outcome = await cli.with({ MAX_RETRIES: '2' }).shell(`pput '${KEY}' -s 5M --quiet < ${input}`);
  expect(outcome).toMatchObject({ status: 1, stdout: '' });
  expect(outcome.stderr).toContain('tried 3 times');
  expect(test.proxy.count('part', ({ partNumber }) => partNumber === 2)).toBe(3);
  await test.expectNothing();
});

it('zfs3backup_get brings back the right bytes, and never a wrong file', async () => {
  const { test, cli } = await createCase();
  const body = BODY.subarray(0, 2_000_000);
  await test.direct.put(KEY, body);
  const target = join(folder, 'back');
  test.proxy.inject({ kind: 'get' }, cutAnswer(500_000, 'reset'));
  expect(await cli.run('zfs3backup_get', KEY, '--output', target)).toMatchObject({ status: 0 });
  expect(body.equals(await readFile(target))).toBe(true);
  test.proxy.inject({ kind: 'get', times: 99 }, flipByte(1_000_000));
  const flipped = await cli.run('zfs3backup_get', KEY, '--output', join(folder, 'flipped'));
  expect(flipped).toMatchObject({ status: 3, stdout: '' });
  expect((await readdir(folder)).sort()).toEqual(['back', 'input']);
});

function start(test: FaultCase): { child: ChildProcess; stderr(): string } {
  const env = {
    HOME: '/nonexistent',
    PATH: process.env['PATH'],
    SKIP_CONFIG_FILE: 'true',
    ...environment(test),
  };
  const child = spawn(process.execPath, [PPUT, KEY, '-s', '5M'], { env, stdio: ['pipe', 'ignore', 'pipe'] });
  let text = '';
  child.stderr?.on('data', (chunk) => {
    text += chunk;
  });
  child.stdin?.on('error', () => {});
  child.stdin?.write(BODY);
  return { child, stderr: () => text };
}

/** The second part is on its way, and the stream goes on. */
async function untilSecondPart({ proxy }: FaultCase): Promise<void> {
  while (proxy.count('part', ({ partNumber }) => partNumber === 2) === 0) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** What a machine that does more may add to a promise of ours. */
const BUSY_MS = 5_000;

it.each([
  ['SIGTERM', 143],
  ['SIGINT', 130],
  // It dies of it in the end, which is 129 to a shell.
  ['SIGHUP', null],
] as const)(
  'a %s while the store is silent ends pput within 5 seconds, with neither object nor open upload',
  async (signal, expected) => {
    const test = await createFaultCase();
    test.proxy.inject({ kind: 'part', partNumber: 2, times: 99 }, neverAnswer);
    const { child, stderr } = start(test);
    await untilSecondPart(test);
    const startedAt = performance.now();
    child.kill(signal);
    const [status, died] = await once(child, 'exit');
    expect(performance.now() - startedAt).toBeLessThan(5_000 + BUSY_MS);
    expect([status, died]).toEqual([expected, expected === null ? signal : null]);
    expect(stderr()).toContain(`pput: interrupted by ${signal}\n`);
    await test.expectNothing();
  },
);

it('a SIGTERM when the store answers nothing any more still ends within 5 seconds, and names what stays open', async () => {
  const test = await createFaultCase();
  test.proxy.inject({ kind: 'part', partNumber: 2, times: 99 }, neverAnswer);
  test.proxy.inject({ kind: 'abort', times: 99 }, neverAnswer);
  const { child, stderr } = start(test);
  await untilSecondPart(test);
  const startedAt = performance.now();
  child.kill('SIGTERM');
  const [status] = await once(child, 'exit');
  expect(performance.now() - startedAt).toBeLessThan(5_000 + BUSY_MS);
  expect(status).toBe(143);
  expect(stderr()).toContain('aws s3api abort-multipart-upload');
  expect(await test.direct.head(KEY)).toBeUndefined();
});

it('a kill −9 shows nothing under the key', async () => {
  const test = await createFaultCase();
  const { child } = start(test);
  await untilSecondPart(test);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await test.direct.head(KEY)).toBeUndefined();
  expect(test.proxy.count('complete')).toBe(0);
});
