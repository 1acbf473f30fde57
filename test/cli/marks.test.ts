import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runZfs3backup } from '../../src/cli/main.ts';
import { createDirectoryStore } from '../../src/store/directory-store.ts';
import { storeId } from '../../src/store/store-id.ts';
import { checkFields } from './check-fields.ts';
import { readTables } from './docs-tables.ts';
import { fakeStream, putZfs } from './fake-zfs.ts';
import { runCli } from './run-cli.ts';

let folder: string;
let tag: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marks-'));
  await mkdir(join(folder, 'store'));
  const store = createDirectoryStore({ path: join(folder, 'store'), prefix: 'zfs3backup-backup/' });
  tag = `zfs3backup:${storeId(store)}`;
});
afterEach(() => rm(folder, { recursive: true }));

/** A ZFS with marks: `tank/a@s`, what is said of it, and how `zfs hold` and its like end. */
async function fakeMarks({ bookmark = '', holds = '', mark = 'exit 0' } = {}) {
  await writeFile(join(folder, 'stream'), fakeStream('tank/a@s', '11'));
  const snapshot = ['guid\\t11', 'creation\\t1000000', 'createtxg\\t5', 'referenced\\t1']
    .concat(`userrefs\\t${holds === '' ? 0 : 1}`)
    .map((line) => `tank/a@s\\t${line}\\n`);
  const marked =
    bookmark === ''
      ? []
      : ['guid\\t11', 'creation\\t1000000', 'createtxg\\t5'].map((line) => `tank/a#${bookmark}\\t${line}\\n`);
  await putZfs(
    folder,
    `case $1 in
'-?') printf '\\tsend [-nPw] <snapshot>\\n\\treceive [-su] <snapshot>\\n\\tholds [-rHp] <s>\\n\\tbookmark <s> <b>\\n' ;;
get) printf 'tank/a\\twritten\\t0\\n${[...snapshot, ...marked].join('')}' ;;
holds) printf '${holds}' ;;
send) if [ "$2" = -nvP ]; then printf 'size\\t100\\n'; else cat '${folder}/stream'; fi ;;
*) echo "$@" >> '${folder}/marks'; ${mark} ;;
esac`,
  );
}

function zfs3backup(...words: readonly string[]) {
  const where = ['--store', `file://${folder}/store`, '--dataset', 'tank/a', '--snapshot-prefix', ''];
  return runCli(runZfs3backup, [...where, ...words]);
}

async function marked(): Promise<readonly string[]> {
  const text = await readFile(join(folder, 'marks'), 'utf8').catch(() => '');
  return text.split('\n').filter((line) => line !== '');
}

describe('backup', () => {
  it('shows the marks in a dry run, and leaves them', async () => {
    await fakeMarks();
    const dry = await zfs3backup('backup', '--dry-run');
    expect(dry.stdout).toContain(`   zfs bookmark tank/a@s 'tank/a#${tag}:s'\n   zfs hold ${tag} tank/a@s\n`);
    expect(await marked()).toEqual([]);
    expect((await zfs3backup('backup')).status).toBe(0);
    expect(await marked()).toEqual([`bookmark tank/a@s tank/a#${tag}:s`, `hold ${tag} tank/a@s`]);
  });

  it('leaves none where they are switched off', async () => {
    await fakeMarks();
    expect((await zfs3backup('backup', '--no-holds', '--no-bookmarks')).status).toBe(0);
    expect(await marked()).toEqual([]);
  });

  it('makes good what an earlier run did not, although there is nothing to store', async () => {
    await fakeMarks();
    await zfs3backup('backup', '--no-holds', '--no-bookmarks');
    const dry = await zfs3backup('backup', '--dry-run');
    expect(dry.stdout).toMatch(
      /^Would first make good .*\n {3}zfs bookmark .*\n {3}zfs hold .*\n.*nothing to do/,
    );
    expect((await zfs3backup('backup')).status).toBe(0);
    expect(await marked()).toHaveLength(2);
  });

  it('is done although no mark could be left, and says what to type', async () => {
    await fakeMarks({ mark: "echo 'permission denied' >&2; exit 1" });
    const { status, stdout, stderr } = await zfs3backup('backup');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^stored tank\/a@s/);
    expect(stderr).toMatch(/no bookmark could be left .*zfs allow/);
    expect(stderr).toMatch(/could not be held .*zfs allow/);
  });
});

describe('release', () => {
  it('takes away what this store left, and shows it before', async () => {
    await fakeMarks({ bookmark: `${tag}:s`, holds: `tank/a@s\\t${tag}\\tnow\\ntank/a@s\\tmine\\tnow\\n` });
    const dry = await zfs3backup('release', '--dry-run');
    expect(dry.stdout).toBe(`Would run:\n   zfs release ${tag} tank/a@s\n   zfs destroy 'tank/a#${tag}:s'\n`);
    expect(await marked()).toEqual([]);
    const { status, stdout } = await zfs3backup('release');
    expect(status).toBe(0);
    expect(stdout).toBe(`released tank/a@s\ndropped the bookmark tank/a#${tag}:s\n`);
    expect(await marked()).toEqual([`release ${tag} tank/a@s`, `destroy tank/a#${tag}:s`]);
  });

  it("leaves other stores' alone unless told", async () => {
    await fakeMarks({
      bookmark: 'zfs3backup:0123456789:s',
      holds: 'tank/a@s\\tzfs3backup:0123456789\\tnow\\n',
    });
    const { stdout } = await zfs3backup('release');
    expect(stdout).toMatch(/^Nothing of tank\/a is held or bookmarked for file:/);
    expect((await zfs3backup('release', '--all-stores')).stdout).toContain('released tank/a@s');
    expect(await marked()).toHaveLength(2);
  });

  it('fails where it may not', async () => {
    await fakeMarks({ holds: `tank/a@s\\t${tag}\\tnow\\n`, mark: "echo 'permission denied' >&2; exit 1" });
    const { status, stderr } = await zfs3backup('release');
    expect(status).toBe(1);
    expect(stderr).toContain('permission denied');
  });

  it('keeps its promise of --json', async () => {
    await fakeMarks({ bookmark: `${tag}:s`, holds: `tank/a@s\\t${tag}\\tnow\\n` });
    const json = JSON.parse((await zfs3backup('release', '--dry-run', '--json')).stdout);
    const table = readTables('json.md').find(({ title }) => title === 'for each.');
    checkFields(json, table);
    expect(json).toMatchObject({ released: ['s'], bookmarks: [`${tag}:s`] });
  });
});

it('status marks what is held', async () => {
  await fakeMarks({ holds: `tank/a@s\\t${tag}\\tnow\\n` });
  await zfs3backup('backup');
  const { stdout } = await zfs3backup('status');
  expect(stdout).toMatch(/^s .* ok, held /m);
});
