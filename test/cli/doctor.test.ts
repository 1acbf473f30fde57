import { chmod, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { runZfs3backup } from '../../src/cli/main.ts';
import { checkFields } from './check-fields.ts';
import { readTables } from './docs-tables.ts';
import { fakeZfs } from './fake-zfs.ts';
import { runCli } from './run-cli.ts';

let folder: string;
let store: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'doctor-'));
  store = join(folder, 'store');
  await mkdir(store);
});
afterEach(() => rm(folder, { recursive: true }));

const doctor = (...words: readonly string[]) => runCli(runZfs3backup, ['doctor', ...words]);
const place = () => ['--store', `file://${store}`];
const DATA = ['--dataset', 'tank/a', '--snapshot-prefix', 'daily'];

it('finds nothing wrong where a backup would work, and leaves nothing behind', async () => {
  await fakeZfs(folder, { 'tank/a': ['daily-1', 'daily-2', 'hourly-1'] });
  const { status, stdout, stderr } = await doctor(...place(), ...DATA);
  expect(stdout).toContain('ok       tank/a has 2 snapshots whose name begins with daily\n');
  expect(stdout).toContain('note     tank/a has none yet');
  expect(stdout).toMatch(/\n\nA backup would work.*\.\n$/);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const files = await readdir(store, { recursive: true, withFileTypes: true });
  expect(files.filter((entry) => entry.isFile()).map(({ name }) => name)).toEqual([]);
});

it.each<[string, readonly string[], number, RegExp]>([
  ['no dataset', [], 2, /configuration\n +problem +no dataset is named/],
  ['no such dataset', ['--dataset', 'tank/none'], 4, /problem +tank\/none: there is no such dataset here/],
  [
    'no such snapshot',
    ['--dataset', 'tank/a', '--snapshot-prefix', 'x'],
    4,
    /problem +tank\/a has no snapshot whose name begins with x \(1 in all\)/,
  ],
  ['another compressor', [...DATA, '--compressor', 'pigz1'], 0, /ok +pigz1/],
])('%s', async (_, words, expected, sentence) => {
  await fakeZfs(folder, { 'tank/a': ['daily-1'] });
  const { status, stdout } = await doctor(...place(), ...words);
  expect(stdout).toMatch(sentence);
  expect(status).toBe(expected);
});

it('tells all problems of a configuration as findings', async () => {
  const { status, stdout } = await runCli(runZfs3backup, ['doctor'], {
    env: { CONCURRENCY: 'x', COMPRESSOR: 'nosuch' },
  });
  expect(stdout.match(/problem +environment/g)).toHaveLength(2);
  expect(stdout).toContain('A backup would fail: 2 problems.');
  expect(status).toBe(2);
});

it('says that there is no ZFS, and looks at the rest', async () => {
  vi.stubEnv('PATH', '/nonexistent');
  const { status, stdout } = await doctor(...place(), ...DATA);
  vi.unstubAllEnvs();
  expect(stdout).toMatch(/zfs\n +problem +zfs: no such program on PATH/);
  expect(stdout).toMatch(/MiB are free there/);
  expect(status).toBe(1);
});

it('says that a folder is not there, and warns of one that others write to', async () => {
  await fakeZfs(folder, { 'tank/a': ['daily-1'] });
  const gone = await doctor('--store', `file://${store}/none`, ...DATA);
  expect(gone.stdout).toMatch(/store\n +problem .*no such directory/);
  expect(gone.status).toBe(4);
  await chmod(store, 0o777);
  const open = await doctor(...place(), ...DATA);
  expect(open.stdout).toMatch(/warning +other users of this machine can write/);
  expect(open.status).toBe(0);
});

it('prints what docs/json.md promises', async () => {
  await fakeZfs(folder, { 'tank/a': ['daily-1'] });
  const { stdout } = await doctor(...place(), ...DATA, '--json');
  const report = JSON.parse(stdout);
  const tables = readTables('json.md');
  const at = tables.findIndex(({ title }) => title.includes('zfs3backup doctor --json'));
  checkFields(report, tables[at]);
  for (const finding of report.findings) checkFields(finding, tables[at + 1]);
  expect(report.works).toBe(true);
});
