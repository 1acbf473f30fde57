import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { runGet, runPput, runZfs3backup } from '../../src/cli/main.ts';
import { type CliResult, runCli } from '../../test/cli/run-cli.ts';
import { createTestClient } from '../s3.ts';
import { createTestFolder } from '../test-folder.ts';
import { createCliStore } from './cli-store.ts';
import { fillBucket, fillFolder, GOOD, HOSTILE_NAMES, PREFIX } from './hostile-names.ts';

/** Whatever could move a cursor, turn the writing direction or not be seen; also what was no UTF-8. */
const RAW = /[^\n\P{C}]|[\p{Zl}\p{Zp}\ufffd]/u;

let folder: string;
let zfs: string;
beforeAll(async () => {
  folder = await createTestFolder('hostile');
  zfs = join(folder, 'bin');
  await mkdir(zfs);
  const log = join(folder, 'arguments');
  await writeFile(log, '');
  // A ZFS that notes what it is asked; no name of the store may be an option or another dataset for it.
  const script = `#!/bin/sh
printf '%s\\0' "$@" '' >> ${log}
for last; do :; done
line() { printf '%s\\t%s\\t%s\\n' "$@"; }
case $1 in
'-?') printf '\\tsend [-nPw] <snapshot>\\n\\treceive [-su] <snapshot>\\n\\tbookmark <snapshot>\\n' ;;
get) case $last in
  tank/data) line tank/data written 0
    for at in 1 2; do for fact in guid creation createtxg referenced userrefs; do line "tank/data@daily-$at" $fact 1000$at; done; done ;;
  *) echo "cannot open '$last': dataset does not exist" >&2; exit 1 ;;
  esac ;;
version) echo zfs-2.3.9 ;;
send) if [ "$2" = -nvP ]; then printf 'size\\t100\\n'; else echo stream; fi ;;
receive) cat > /dev/null ;;
esac
`;
  await writeFile(join(zfs, 'zfs'), script, { mode: 0o755 });
  vi.stubEnv('PATH', [zfs, process.env['PATH']].join(delimiter));
});
afterAll(() => {
  vi.unstubAllEnvs();
});

/** Every command, as a person, a script and cron would run it. */
const COMMANDS: readonly (readonly string[])[] = [
  ['status'],
  ['status', '--json'],
  ['status', '--dataset', 'tank/data'],
  ['status', '--dataset', 'tank/data', '--json'],
  ['status', '--dataset', 'tank/none'],
  ['backup', '--dry-run', '--dataset', 'tank/data', '--full'],
  ['backup', '--dry-run', '--dataset', 'tank/data', '--full', '--json'],
  ['backup', '--dry-run', '--dataset', 'tank/data', '--full', '--parseable'],
  ['restore', '--dry-run', '--dataset', 'tank/data', '--to', 'tank/new', 'good'],
  ['restore', '--dry-run', '--dataset', 'tank/data', '--to', 'tank/new', '--latest', '--json'],
  ['restore', '--dry-run', '--dataset', 'tank/data', '--to', 'tank/new', 'bad-parent'],
  ['restore', '--dry-run', '--dataset', 'tank/data', '--to', 'tank/new', 'bad-compressor'],
  ['restore', '--dry-run', '--dataset', 'tank/data', '--to', 'tank/new', 'nosuch'],
  ['verify', '--level', '1'],
  ['verify', '--level', '1', '--json'],
  ['verify', '--level', '2'],
  ['reindex', '--dry-run'],
  ['reindex', '--dry-run', '--json'],
  ['cleanup', '--dry-run', '--older-than', '0d'],
  ['cleanup', '--dry-run', '--older-than', '0d', '--json'],
  ['delete', '--dry-run', '--dataset', 'tank/data', 'good'],
  ['delete', '--dry-run', '--dataset', 'tank/data', 'bad-parent', '--json'],
  ['prune', '--dry-run', '--keep', '1'],
  ['prune', '--dry-run', '--keep', '1', '--json'],
  ['release', '--dry-run', '--dataset', 'tank/data'],
  ['release', '--dry-run', '--dataset', 'tank/data', '--all-stores'],
  ['status', '--deleted'],
  ['status', '--deleted', '--json'],
  ['undelete', '--dry-run', '--dataset', 'tank/data', 'good'],
  ['doctor', '--dataset', 'tank/data'],
  ['doctor', '--dataset', 'tank/data', '--json'],
  // Those that change something come last.
  ['restore', '--dataset', 'tank/data', '--to', 'tank/new', 'good', '--yes'],
  ['verify', '--level', '3', '--scratch', 'tank/scratch', '--dataset', 'tank/data'],
  ['reindex'],
  ['status', '--dataset', 'tank/data'],
  ['cleanup', '--older-than', '0d'],
  ['prune', '--keep', '1', '--yes'],
];

const KNOWN_OPTIONS = ['-s', '-u', '-?', '-Hp', '-H', '-d', '-o', '-i', '-nvP', '-w', '-r'];

const PROGRAMS = { zfs3backup: runZfs3backup, zfs3backup_get: runGet, pput: runPput };

function describeHostile(name: string, open: () => Promise<Readonly<Record<string, string>>>): void {
  describe(`names in ${name} that would do harm`, () => {
    let env: Readonly<Record<string, string>>;
    beforeAll(async () => {
      env = await open();
    });

    async function run(program: keyof typeof PROGRAMS, args: readonly string[]): Promise<CliResult> {
      return runCli(PROGRAMS[program], args, { env, stdin: Readable.from([Buffer.from('x')]) });
    }

    const expectHarmless = ({ stdout, stderr }: CliResult) => {
      const printed = stdout + stderr;
      const line = printed.split('\n').find((each) => RAW.test(each));
      expect(line === undefined ? undefined : JSON.stringify(line)).toBeUndefined();
      expect(printed).not.toMatch(/this is a bug/);
      expect(printed).not.toMatch(/^zfs3backup: all is well/m);
    };

    it.each(COMMANDS.map((words) => [words.join(' '), words] as const))('%s', async (_, words) => {
      for (const more of [[], ['--log-level', 'trace', '--log-format', 'json'], ['--log-level', 'trace']]) {
        const ran = await run('zfs3backup', [...words, ...more]);
        expectHarmless(ran);
        expect([0, 1, 2, 3, 4, 5]).toContain(ran.status);
      }
    });

    it('the good one among them is still there', async () => {
      const { stdout } = await run('zfs3backup', ['status', '--dataset', 'tank/data', '--json']);
      const [name] = GOOD.split('@').slice(1);
      expect(JSON.parse(stdout).snapshots).toContainEqual(expect.objectContaining({ name, health: 'ok' }));
    });

    it.each(HOSTILE_NAMES.map((each) => [JSON.stringify(each).slice(0, 60), each] as const))(
      'zfs3backup_get, pput and restore say %s harmlessly',
      async (_, hostile) => {
        expectHarmless(
          await run('zfs3backup_get', [
            '--output',
            join(folder, 'got'),
            '--progress',
            'json',
            '--',
            `${PREFIX}${hostile}`,
          ]),
        );
        expectHarmless(
          await run('zfs3backup', [
            'restore',
            '--dry-run',
            '--to',
            'tank/new',
            '--dataset',
            'tank/data',
            '--',
            hostile,
          ]),
        );
        expectHarmless(
          await run('pput', ['--json', '--progress', 'json', '--log-level', 'debug', '--', `put/${hostile}`]),
        );
      },
    );

    it('nothing was written where it should not be, and no program got a name for an option', async () => {
      const expected = ['arguments', 'bin', 'got', 'store'];
      for (const entry of await readdir(folder)) expect(expected).toContain(entry);
      const calls = (await readFile(join(folder, 'arguments'), 'utf8')).split('\0\0').filter(Boolean);
      expect(calls.length).toBeGreaterThan(0);
      for (const words of calls.map((call) => call.split('\0'))) {
        for (const word of words) expect(word).not.toMatch(RAW);
        expect(words.join(' ')).not.toContain('owned');
        expect(KNOWN_OPTIONS).toEqual(expect.arrayContaining(words.filter((word) => word.startsWith('-'))));
      }
    });
  });
}

describeHostile('a bucket', async () => {
  const { env, bucket } = await createCliStore();
  const client = createTestClient();
  await fillBucket(client, bucket);
  client.destroy();
  return env;
});

describeHostile('a folder', async () => {
  const path = join(folder, 'store');
  await mkdir(path);
  await fillFolder(path);
  return { ZFS3BACKUP_STORE: `file://${path}` };
});
