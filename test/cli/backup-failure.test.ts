import { EventEmitter } from 'node:events';
import { constants } from 'node:fs';
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runZfs3backup } from '../../src/cli/main.ts';
import { eventually } from '../stream/fixtures.ts';
import { checkFields } from './check-fields.ts';
import { jsonTable } from './docs-tables.ts';
import { fakeZfs } from './fake-zfs.ts';
import { runCli } from './run-cli.ts';

let folder: string;
/** What `zfs send` of the last snapshot reads. */
let last: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'failure-'));
  await mkdir(join(folder, 'store'));
  await fakeZfs(folder, { 'tank/a': ['daily-1', 'daily-2', 'daily-3'] });
  last = join(folder, 'streams', 'tank%a@daily-3-daily-2');
  await rm(last);
});
afterEach(() => rm(folder, { recursive: true }));

function backup(words: readonly string[], signals = new EventEmitter()) {
  const where = ['--store', `file://${folder}/store`, '--dataset', 'tank/a', '--snapshot-prefix', 'daily'];
  return runCli(runZfs3backup, ['backup', '--history', ...where, ...words], { signals });
}

describe('of a run that fails at its third step', () => {
  it('the lines of what was stored are on stdout', async () => {
    const { status, stdout, stderr } = await backup([]);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^stored tank\/a@daily-1: .*\nstored tank\/a@daily-2: .*\n$/);
    expect(stderr).toContain('stored before the failure: tank/a@daily-1, tank/a@daily-2.');
  });

  it('those for programs as well', async () => {
    const { status, stdout } = await backup(['--parseable', '--quiet']);
    expect([status, stdout]).toEqual([1, 'tank/a@daily-1\u0000624\ntank/a@daily-2\u0000624\n']);
  });

  it('JSON has what was stored, and the error', async () => {
    const { status, stdout } = await backup(['--json']);
    expect(status).toBe(1);
    const report = JSON.parse(stdout);
    checkFields({ ...report, error: null }, jsonTable('zfs3backup backup --json`'));
    checkFields(report.error, jsonTable('`error`'));
    expect(report).toMatchObject({
      backups: [{ name: 'tank/a@daily-1' }, { name: 'tank/a@daily-2' }],
      summary: { streamBytes: 2 * 624 },
      error: { code: 'PROCESS_FAILED' },
    });
  });
});

it('an interrupt is told as one, with what was stored before', async () => {
  await execa('mkfifo', [last]);
  const signals = new EventEmitter();
  const running = backup(['--json'], signals);
  // Opens once somebody reads: the third step has begun, and waits.
  const { O_WRONLY, O_NONBLOCK } = constants;
  const writer = await eventually(() => open(last, O_WRONLY | O_NONBLOCK).catch(() => undefined));
  signals.emit('SIGINT');
  const { status, stdout, stderr } = await running;
  await writer.close();
  expect(status).toBe(130);
  expect(stderr).toContain('stored before the interruption: tank/a@daily-1, tank/a@daily-2.');
  expect(stderr).toMatch(/^zfs3backup: interrupted by SIGINT$/m);
  expect(JSON.parse(stdout)).toMatchObject({
    backups: [{ name: 'tank/a@daily-1' }, { name: 'tank/a@daily-2' }],
    error: { code: null, message: 'interrupted by SIGINT' },
  });
});
