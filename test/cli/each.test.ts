import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runZfs3backup } from '../../src/cli/main.ts';
import { createDirectoryStore } from '../../src/store/directory-store.ts';
import { checkFields } from './check-fields.ts';
import { jsonTable } from './docs-tables.ts';
import { fakeZfs, putZfs } from './fake-zfs.ts';
import { runCli } from './run-cli.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'each-'));
  await mkdir(join(folder, 'store'));
});
afterEach(() => rm(folder, { recursive: true }));

async function zfs3backup(sections: string, ...words: readonly string[]) {
  const config = join(folder, 'zfs3backup.conf');
  await writeFile(config, `[main]\nSTORE=file://${folder}/store\nSNAPSHOT_PREFIX=daily\n${sections}`);
  return runCli(runZfs3backup, ['--config', config, ...words], { env: { SKIP_CONFIG_FILE: '' } });
}

/** Of the backups, without what stands beside them. */
async function keys(): Promise<readonly string[]> {
  const store = createDirectoryStore({ path: join(folder, 'store'), prefix: '' });
  const found: string[] = [];
  for await (const { key } of store.list('')) found.push(key.replace('zfs3backup-backup/', ''));
  return found.filter((key) => !key.startsWith('.'));
}

const two = '[fs:tank/b]\nSNAPSHOT_PREFIX=hourly\n[fs:tank/a]\nCOMPRESSOR=none\n';
const datasets = { 'tank/a': ['daily-1', 'hourly-1'], 'tank/b': ['daily-1', 'hourly-1'] };

describe('backup without a dataset', () => {
  it('takes each that has a section, with what its section says', async () => {
    await fakeZfs(folder, datasets);
    const { status, stdout } = await zfs3backup(two, 'backup');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^stored tank\/b@hourly-1: .*\nstored tank\/a@daily-1: .*\n$/);
    expect(await keys()).toEqual(['tank/a@daily-1', 'tank/b@hourly-1']);
  });

  it('leaves a line on stderr for each that is done', async () => {
    await fakeZfs(folder, datasets);
    const { stderr } = await zfs3backup(two, 'backup');
    expect(stderr.split('\n').filter((line) => line.startsWith('tank/'))).toEqual([
      expect.stringMatching(/^tank\/b: 624 B, \d+ B stored \(ratio \d\.\d\d\), .* at .*\/s, 0 retries$/),
      expect.stringMatching(/^tank\/a: 624 B, [^,]* at .*\/s, 0 retries$/),
    ]);
  });

  it('prefers the dataset that was named', async () => {
    await fakeZfs(folder, datasets);
    expect((await zfs3backup(two, 'backup', '--dataset', 'tank/a')).status).toBe(0);
    expect(await keys()).toEqual(['tank/a@daily-1']);
  });

  it('goes on after one that fails, tells which, and exits with 5', async () => {
    await fakeZfs(folder, datasets);
    const { status, stdout, stderr } = await zfs3backup(`[fs:tank/gone]\n${two}`, 'backup');
    expect(status).toBe(5);
    expect(stderr).toMatch(/^zfs3backup: tank\/gone: there is no such dataset here$/m);
    expect(stderr).toMatch(/^zfs3backup: 1 of 3 datasets failed \(tank\/gone\)/m);
    expect(stdout).toMatch(/^stored tank\/b.*\nstored tank\/a.*\n$/);
  });

  it('names the dataset where the error does not', async () => {
    await fakeZfs(folder, { ...datasets, 'tank/c': ['other'] });
    const { stderr } = await zfs3backup(`${two}[fs:tank/c]\n`, 'backup');
    expect(stderr).toMatch(/^zfs3backup: tank\/c: No snapshot with the prefix daily on tank\/c/m);
  });

  it('has the status of the first failure when all fail', async () => {
    await fakeZfs(folder, {});
    const { status, stderr } = await zfs3backup(two, 'backup');
    expect(status).toBe(4);
    expect(stderr.match(/no such dataset/g)).toHaveLength(2);
  });

  it('keeps its promise of --json', async () => {
    await fakeZfs(folder, datasets);
    for (const words of [['--dry-run'], []]) {
      const { status, stdout } = await zfs3backup(`${two}[fs:tank/gone]\n`, 'backup', '--json', ...words);
      expect(status).toBe(5);
      const report = JSON.parse(stdout);
      checkFields(report, jsonTable('backup --json` without a dataset'));
      const [first, second, failed] = report.datasets;
      for (const each of [first, second]) {
        checkFields(
          each,
          jsonTable(words.length > 0 ? 'backup --dry-run --json' : 'zfs3backup backup --json`'),
        );
      }
      checkFields(failed, jsonTable('One that failed before'));
      checkFields(failed.error, jsonTable('`error`'));
      expect(failed).toMatchObject({ dataset: 'tank/gone', error: { code: 'NO_SUCH_DATASET' } });
    }
  });

  it('says of a dry run not that the others are done', async () => {
    await fakeZfs(folder, datasets);
    const { stderr } = await zfs3backup(`[fs:tank/gone]\n${two}`, 'backup', '--dry-run');
    expect(stderr).toMatch(/^zfs3backup: 1 of 3 datasets failed \(tank\/gone\); the others are shown$/m);
  });

  it('says nothing in cron when all went well', async () => {
    await fakeZfs(folder, datasets);
    expect(await zfs3backup(two, 'backup', '--quiet')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(await zfs3backup(two, 'backup', '--quiet')).toEqual({ status: 0, stdout: '', stderr: '' });
  });
});

describe('a dry run', () => {
  it('names the configuration file that was named', async () => {
    await fakeZfs(folder, datasets);
    const { stdout } = await zfs3backup(two, 'backup', '--dry-run', '--dataset', 'tank/a');
    expect(stdout).toContain(
      `| pput --store file://${folder}/store --config ${folder}/zfs3backup.conf --estimated 100 `,
    );
  });
});

describe('nothing to do', () => {
  it('is said once', async () => {
    await fakeZfs(folder, datasets);
    await zfs3backup(two, 'backup');
    const { stdout, stderr } = await zfs3backup(two, 'backup', '--dataset', 'tank/a');
    expect([stdout, stderr]).toEqual(['tank/a@daily-1 is in the store already: nothing to do.\n', '']);
  });
});

describe('a ZFS that does not run', () => {
  it.each([
    'The ZFS modules are not loaded.',
    'Please make sure that the zfs-fuse daemon is running.',
    '/dev/zfs and /proc/self/mounts: no such device',
  ])('does not keep status from listing the store: %s', async (words) => {
    await fakeZfs(folder, datasets);
    await zfs3backup(two, 'backup');
    await rm(join(folder, 'bin'), { recursive: true });
    await putZfs(folder, `echo "${words}" >&2; exit 1`);
    const { status, stdout, stderr } = await zfs3backup('', 'status', '--dataset', 'tank/a');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^daily-1 .* missing /m);
    expect(await zfs3backup('', 'status')).toMatchObject({ status: 0, stderr: '' });
    expect(await zfs3backup(two, 'backup', '--dataset', 'tank/a')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('ZFS is installed but not running here'),
    });
  });
});
