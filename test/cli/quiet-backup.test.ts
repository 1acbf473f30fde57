import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runZfs3backup } from '../../src/cli/main.ts';
import { fakeZfs } from './fake-zfs.ts';
import { runCli } from './run-cli.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quiet-'));
  await mkdir(join(folder, 'store'));
  await fakeZfs(folder, { 'tank/a': ['daily-1', 'daily-2', 'daily-3', 'daily-4'] });
});
afterEach(() => rm(folder, { recursive: true }));

function backup(...words: readonly string[]) {
  const where = ['--store', `file://${folder}/store`, '--dataset', 'tank/a', '--snapshot-prefix', 'daily'];
  return runCli(runZfs3backup, ['backup', '--quiet', ...where, ...words]);
}

it('tells who hears nothing of what goes well that a chain is broken, though an older backup serves', async () => {
  expect(await backup('--history', '--snapshot', 'daily-3')).toMatchObject({ status: 0, stderr: '' });
  await rm(join(folder, 'store/zfs3backup-backup/tank/a@daily-2'));
  const { status, stderr } = await backup();
  expect([status, stderr]).toEqual([
    0,
    expect.stringMatching(
      /^\S+ warn {2}The chain of tank\/a@daily-3 is broken \(missing parent\): going on from daily-1\.\n$/,
    ),
  ]);
});
