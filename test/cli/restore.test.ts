import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runZfs3backup } from '../../src/cli/main.ts';
import { parseTime } from '../../src/cli/parse-time.ts';
import { createDirectoryStore } from '../../src/store/directory-store.ts';
import { checkFields } from './check-fields.ts';
import { jsonTable } from './docs-tables.ts';
import { putZfs } from './fake-zfs.ts';
import { runCli } from './run-cli.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'restore-'));
  await mkdir(join(folder, 'store'));
});
afterEach(() => rm(folder, { recursive: true }));

const common = () => ['--store', `file://${folder}/store`, '--expect', 'none', '--progress', 'none'];

const zfs3backup = (...words: readonly string[]) => runCli(runZfs3backup, [...words, ...common()]);

/** The same at a terminal, where somebody types. */
const atTerminal = (typed: string, ...words: readonly string[]) =>
  runCli(runZfs3backup, [...words, ...common()], {
    stdin: Object.assign(Readable.from([typed]), { isTTY: true }),
    terminal: { isTTY: true, columns: 100 },
    env: { NO_COLOR: '1' },
  });

const BODY = Buffer.alloc(300_000, 'a stream ');

async function putBackup(name: string, metadata: Record<string, string>, body: Buffer = BODY) {
  const store = createDirectoryStore({ path: join(folder, 'store'), prefix: '' });
  await store.put(`zfs3backup-backup/${name}`, body, { metadata });
}

/** A target that has `a` and, when it is not `clean`, a snapshot `mine` of its own; what it is told stands in a file. */
async function putTarget({ clean = false } = {}) {
  const mine = clean ? '' : property('mine', 5);
  await putZfs(
    folder,
    `for last; do :; done
case $1 in
'-?') printf '\\treceive [-vMnsFhu] [-o <property>=<value>] ... [-x <property>] ...\\n' ;;
get) case "$*" in
*-o\\ value\\ guid*) cat '${folder}/guid' ;;
*) if [ $last = tank/new ]; then echo "cannot open 'tank/new': dataset does not exist" >&2; exit 1; fi
printf '${property('a', 1)}${mine}' ;;
esac ;;
receive) printf '%s\\n' "$*" >> '${folder}/received'; case "$last" in *@a) echo 11 ;; *) echo 21 ;; esac > '${folder}/guid'; cat > /dev/null ;;
esac`,
  );
}

function property(name: string, txg: number): string {
  const values = { guid: `${txg}1`, creation: 1_000_000, createtxg: txg, referenced: 1 };
  return Object.entries(values)
    .map(([key, value]) => `tank/a@${name}\\t${key}\\t${value}\\n`)
    .join('');
}

const received = async () =>
  (await readFile(join(folder, 'received'), 'utf8').catch(() => '')).trim().split('\n');

async function putChain() {
  await putBackup('tank/a@a', { isfull: 'true', guid: '11' });
  await putBackup('tank/a@b', { parent: 'tank/a@a', guid: '21', 'parent-guid': '11' });
}

describe('--latest', () => {
  it('says first what was chosen, and also to --quiet what is newer and broken', async () => {
    await putTarget();
    await putBackup('tank/a@a', { isfull: 'true', guid: '11' });
    await putBackup('tank/a@c', { parent: 'tank/a@gone', guid: '31' });
    const words = ['restore', '--latest', '--dataset', 'tank/a', '--to', 'tank/new'];
    const loud = await zfs3backup(...words);
    expect(loud.stderr.split('\n').slice(0, 3)).toEqual([
      expect.stringMatching(/^a was chosen: /),
      'c is newer and was passed over: missing parent.',
      expect.stringMatching(/^Receiving 1 backup /),
    ]);
    const { status, stderr } = await zfs3backup(...words, '--quiet');
    expect([status, stderr]).toEqual([
      0,
      expect.stringMatching(/^\S+ warn {2}c is newer and was passed over: missing parent\.\n$/),
    ]);
  });

  it('is offered where a dataset stands in place of a snapshot', async () => {
    const { status, stderr } = await zfs3backup('restore', 'tank/a', '--to', 'tank/new');
    expect(status).toBe(2);
    expect(stderr).toContain('tank/a: is a dataset, no snapshot: write tank/a@NAME, or --latest');
  });
});

describe('before something is lost', () => {
  beforeEach(putChain);

  it('a person at a terminal is shown it and asked', async () => {
    await putTarget();
    for (const typed of ['n\n', '\n', '']) {
      const { status, stderr } = await atTerminal(typed, 'restore', 'tank/a@b');
      expect(status).toBe(3);
      expect(stderr).toMatch(/^Receiving 1 backup \(293 KiB stored\) from file:.* into tank\/a\.$/m);
      const lost = [
        'will be lost: the snapshot tank/a@mine',
        'will be lost: whatever was written to tank/a since @a (this ZFS cannot tell)',
        'Go on? [y/N] Nothing was changed.',
      ];
      expect(stderr).toContain(lost.join('\n'));
    }
    expect(await received()).toEqual(['']);
    expect(await atTerminal('y\n', 'restore', 'tank/a@b')).toMatchObject({ status: 0 });
    expect(await received()).toEqual(['receive -s -u -F tank/a@b']);
  });

  it('--yes and --force answer the question', async () => {
    await putTarget();
    for (const flag of ['--yes', '--force']) {
      const { status, stderr } = await atTerminal('', 'restore', 'tank/a@b', flag);
      expect(stderr).toContain('will be lost: the snapshot tank/a@mine');
      expect(stderr).not.toContain('Go on?');
      expect(status).toBe(0);
    }
  });

  it('only --force does where nobody can be asked', async () => {
    await putTarget();
    for (const flags of [[], ['--yes']]) {
      const { status, stderr } = await zfs3backup('restore', 'tank/a@b', ...flags);
      expect(status).toBe(3);
      expect(stderr).toContain('would destroy the snapshot tank/a@mine');
      expect(stderr).toContain('--force');
    }
    expect(await received()).toEqual(['']);
    expect(await zfs3backup('restore', 'tank/a@b', '--force')).toMatchObject({ status: 0 });
  });

  it('nothing is asked where nothing is lost', async () => {
    await putTarget({ clean: true });
    const over = await atTerminal('', 'restore', 'tank/a@b');
    expect(over.stderr).not.toContain('Go on?');
    const beside = await atTerminal('', 'restore', 'tank/a@a', '--to', 'tank/new');
    expect(beside).toMatchObject({ status: 0 });
    // nobody knows how the stream was made: it may bring along where the original is mounted
    expect(await received()).toEqual([
      'receive -s -u tank/a@b',
      'receive -s -u -x mountpoint -x sharenfs -x sharesmb tank/new@a',
    ]);
  });
});

describe('which backup', () => {
  beforeEach(async () => {
    await putTarget();
    await putChain();
  });

  it('is the newest with --latest', async () => {
    const { stdout } = await zfs3backup(
      'restore',
      '--latest',
      '--dataset',
      'tank/a',
      '--to',
      'tank/new',
      '--dry-run',
    );
    expect(stdout).toMatch(/^b was chosen: stored at /);
    expect(stdout).toContain('Would receive 2 backups');
  });

  it('is the newest of its time with --before', async () => {
    const dated = ['--dataset', 'tank/a', '--to', 'tank/new', '--dry-run', '--json'];
    const { stdout } = await zfs3backup('restore', '--before', '2100-01-01 00:00Z', ...dated);
    const plan = JSON.parse(stdout);
    // known from the local snapshot, taken long before it was stored
    expect(plan.snapshot).toBe('b');
    checkFields(plan, jsonTable('restore --dry-run --json'));
    const local = JSON.parse((await zfs3backup('restore', '--before', '1970-02-01', ...dated)).stdout);
    expect(local.snapshot).toBe('a');
    const none = await zfs3backup('restore', '--before', '1970-01-01T00:00Z', ...dated);
    expect(none.status).toBe(4);
    expect(none.stderr).toContain('The oldest is a, of 1970-01-12T13:46:40.000Z.');
  });

  it.each([
    [[], /SNAPSHOT: is missing; --latest or --before TIME/],
    [['tank/a@a', '--latest'], /SNAPSHOT and --latest: one of them is meant/],
    [['--latest', '--before', '2026-01-01'], /--latest and --before: one of them/],
    [['--before', 'yesterday'], /--before: "yesterday" is no time/],
    [['tank/a@'], /names no snapshot/],
    [['tank/a@a', '--dataset', 'tank/b'], /another dataset/],
    [['a', '-o', 'canmount'], /--property: "canmount" is not PROPERTY=VALUE/],
    [['a', '-o=-F=x'], /--property: "-F=x" does not name a property/],
    [['a', '-x', '-F'], /-x: needs a value|--exclude-property: "-F" does not name/],
    [
      ['a', '--stdout', '--to', 'b', '--json'],
      /--to: does not go together with --stdout[\s\S]*--json: does not go/,
    ],
    [['a', '--resume-token', '1-2-3'], /--resume-token: goes with --stdout only/],
    [['a', '--thaw', '0'], /--thaw: "0" is no number of days/],
    [['a', '--thaw', '3', '--tier', 'quick'], /--tier: "quick" is none of Standard, Bulk, Expedited/],
    [['a', '--thaw', '3', '--force'], /--force: does not go together with --thaw/],
    [['a', '--tier', 'Bulk'], /--tier: goes with --thaw only/],
  ])('says what is wrong with %j', async (words, expected) => {
    const { status, stderr } = await zfs3backup('restore', ...words);
    expect(status).toBe(2);
    expect(stderr).toMatch(expected);
  });
});

describe('--stdout', () => {
  it('is the stream, decoded, and nothing else', async () => {
    await putBackup('tank/a@b', { parent: 'tank/a@a', compressor: 'gzip' }, gzipSync(BODY));
    const { status, stdout, stderr } = await zfs3backup('restore', 'tank/a@b', '--stdout');
    expect(status).toBe(0);
    expect(stdout === BODY.toString()).toBe(true);
    expect(stderr).toContain('It is an incremental, to be received on top of a.');
  });

  it('keeps the end back and fails where the object is damaged', async () => {
    const damaged = gzipSync(BODY);
    damaged[damaged.byteLength - 5] = 1 + (damaged[damaged.byteLength - 5] ?? 0);
    await putBackup('tank/a@a', { isfull: 'true', compressor: 'gzip' }, damaged);
    const { status, stdout, stderr } = await zfs3backup('restore', 'tank/a@a', '--stdout');
    expect(status).toBe(3);
    expect(stdout.length).toBeLessThan(BODY.byteLength);
    expect(stderr).toContain('damaged');
  });

  it('wants a token of ZFS', async () => {
    await putBackup('tank/a@a', { isfull: 'true' });
    const outcome = await zfs3backup('restore', 'tank/a@a', '--stdout', '--resume-token', '1-x');
    expect(outcome).toMatchObject({ status: 3, stdout: '' });
    expect(outcome.stderr).toContain('token');
  });
});

it('--thaw tells of a chain that needs none', async () => {
  await putChain();
  const { status, stdout } = await zfs3backup('restore', 'tank/a@b', '--thaw', '3', '--tier', 'bulk');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^tank\/a@a \(293 KiB, STANDARD\): readable\n[\s\S]*run the restore\.\n$/);
});

describe('parseTime', () => {
  it.each([
    ['2026-03-04', new Date(2026, 2, 4)],
    ['2026-03-04 05:06', new Date(2026, 2, 4, 5, 6)],
    ['2026-03-04T05:06:07', new Date(2026, 2, 4, 5, 6, 7)],
    ['2026-03-04T05:06:07.123Z', new Date('2026-03-04T05:06:07Z')],
    ['2026-03-04 05:06 +01:00', new Date('2026-03-04T04:06:00Z')],
    ['2026-03-04T05:06-0330', new Date('2026-03-04T08:36:00Z')],
    ['2024-02-29', new Date(2024, 1, 29)],
  ])('takes %j', (text, expected) => {
    expect(parseTime(text)).toEqual(expected);
  });

  it.each([
    '',
    'now',
    '2026',
    '2026-13-01',
    '2026-02-29',
    '2026-04-31',
    '2026-1-1',
    '26-01-01',
    '2026-01-01 24:00',
  ])('does not take %j', (text) => {
    expect(parseTime(text)).toBeUndefined();
  });
});
