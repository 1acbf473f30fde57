import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runGet, runPput, runZfs3backup } from '../../src/cli/main.ts';
import { fakeZfs } from './fake-zfs.ts';
import { type CliOptions, runCli } from './run-cli.ts';

const MIB = 1024 ** 2;
const ERASE_LINE = '\r\u001b[2K';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watching-'));
  await mkdir(join(folder, 'store'));
});
afterEach(() => rm(folder, { recursive: true }));

const terminal: CliOptions = { terminal: { isTTY: true, columns: 100 } };

/** What stays on a terminal: a line that is erased is gone. */
function finalLines(stderr: string): readonly string[] {
  return stderr
    .split('\n')
    .map((line) => line.split(ERASE_LINE).at(-1) ?? '')
    .filter(Boolean);
}

describe('on a terminal', () => {
  it('rewrites a line, and leaves one for what is done', async () => {
    const stdin = new PassThrough();
    stdin.end(Buffer.alloc(3 * MIB));
    const words = ['k', '--store', `file://${folder}/store`, '--bwlimit', '1M', '--estimated', '3M'];
    const { status, stderr } = await runCli(runPput, words, { stdin, ...terminal });
    expect(status).toBe(0);
    expect(stderr).toMatch(/^upload k {2}3\.0 MiB {2}99% {2}1\.\d MiB\/s/);
    expect(stderr.split(ERASE_LINE).length).toBeGreaterThan(3);
    expect(finalLines(stderr)).toEqual([expect.stringMatching(/^k: 3\.0 MiB, 3\.\d s at .*, 0 retries$/)]);
  });

  it('leaves a line for each dataset', async () => {
    await fakeZfs(folder, { 'tank/a': ['daily-1'], 'tank/b': ['daily-1'] });
    const config = join(folder, 'zfs3backup.conf');
    const main = `[main]\nSTORE=file://${folder}/store\nSNAPSHOT_PREFIX=daily\n`;
    await writeFile(config, `${main}[fs:tank/a]\n[fs:tank/b]\n`);
    const env = { SKIP_CONFIG_FILE: '' };
    const { stderr } = await runCli(runZfs3backup, ['--config', config, 'backup'], { env, ...terminal });
    const done = finalLines(stderr).filter((line) => line.startsWith('tank/'));
    expect(done).toEqual([expect.stringMatching(/^tank\/a: /), expect.stringMatching(/^tank\/b: /)]);
  });
});

describe('for programs', () => {
  it('tells of a download that is held to a limit', async () => {
    const store = ['--store', `file://${folder}/store`];
    const stdin = new PassThrough();
    stdin.end(Buffer.alloc(3 * MIB));
    await runCli(runPput, ['k', ...store], { stdin });
    const words = ['k', ...store, '--bwlimit', '1M', '--progress', 'json', '--progress-interval', '0.2'];
    const startedAt = performance.now();
    const { status, stderr, stdout } = await runCli(runGet, words);
    const seconds = (performance.now() - startedAt) / 1000;
    expect([status, stdout.length]).toEqual([0, 3 * MIB]);
    expect(seconds).toBeGreaterThan(2.4);
    const events = stderr
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    expect(events.length).toBeGreaterThan(1);
    expect(events[0]).toMatchObject({ event: 'progress', verb: 'download', item: 'k', estimate: 3 * MIB });
    const rates = events.map(({ bytesPerSecond }) => bytesPerSecond / MIB);
    for (const rate of rates) expect(rate).toBeGreaterThan(0);
  });
});
