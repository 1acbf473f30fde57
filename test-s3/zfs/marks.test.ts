import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { type BackupOptions, type BackupResult, backup } from '../../src/backup.ts';
import { createFilterRegistry } from '../../src/filters/registry.ts';
import { release } from '../../src/release.ts';
import { restore } from '../../src/restore.ts';
import { createZfsSource } from '../../src/sources/zfs/zfs-source.ts';
import { status } from '../../src/status.ts';
import { createDirectoryStore } from '../../src/store/directory-store.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { storeId } from '../../src/store/store-id.ts';
import { createTestDataset, type TestDataset, treeAt } from '../main/test-dataset.ts';
import { createTestFolder } from '../test-folder.ts';
import { readTree, writeRandomFile } from './files.ts';
import { createTestPool, type TestPool } from './test-pool.ts';
import { zfsKind } from './zfs-kind.ts';

// What only OpenZFS can do is asserted there; on zfs-fuse the same tests assert that all goes on without it.
const source = createZfsSource();
const filters = createFilterRegistry();
let pool: TestPool;

beforeAll(async () => {
  pool = await createTestPool();
});

async function createStore(): Promise<ObjectStore> {
  return createDirectoryStore({ path: await createTestFolder('marks'), prefix: 'p/' });
}

function backUp(
  store: ObjectStore,
  { name }: Pick<TestDataset, 'name'>,
  more: Partial<BackupOptions> = {},
): Promise<BackupResult> {
  return backup({ store, source, dataset: name, ...more });
}

/** `b<a`, or `full b`. */
function made({ backups }: BackupResult): readonly string[] {
  const nameOf = (name: string) => name.slice(name.indexOf('@') + 1);
  return backups.map(({ name, kind, parent }) =>
    kind === 'full' ? `full ${nameOf(name)}` : `${nameOf(name)}<${parent}`,
  );
}

/** `!snapshot` for what this store holds, `#snapshot` for its bookmarks. */
async function marksOf(store: ObjectStore, { name }: Pick<TestDataset, 'name'>): Promise<readonly string[]> {
  const { marks } = (await source.readDataset(name)) ?? {};
  const tag = `zfs3backup:${storeId(store)}`;
  return [
    ...(marks?.bookmarks ?? [])
      .filter((bookmark) => bookmark.name.startsWith(`${tag}:`))
      .map((bookmark) => `#${bookmark.name.slice(tag.length + 1)}`),
    ...(marks?.holds ?? []).filter((hold) => hold.tag === tag).map(({ snapshot }) => `!${snapshot}`),
  ];
}

describe('marks', () => {
  it('go with the newest backup, and its bookmark is enough to go on', async () => {
    const [store, dataset] = [await createStore(), await createTestDataset(pool, 'mark ed')];
    await dataset.snapshot('a 1');
    expect(made(await backUp(store, dataset))).toEqual(['full a 1']);
    if (zfsKind === 'zfs-fuse') {
      expect(await marksOf(store, dataset)).toEqual([]);
      await dataset.snapshot('b');
      expect(made(await backUp(store, dataset))).toEqual(['b<a 1']);
      return;
    }
    expect(await marksOf(store, dataset)).toEqual(['#a 1', '!a 1']);
    await expect(pool.zfs('destroy', `${dataset.name}@a 1`)).rejects.toThrow(/held/);

    await dataset.snapshot('b');
    expect(made(await backUp(store, dataset))).toEqual(['b<a 1']);
    expect(await marksOf(store, dataset)).toEqual(['#b', '!b']);
    await pool.zfs('destroy', `${dataset.name}@a 1`);

    await pool.zfs('release', `zfs3backup:${storeId(store)}`, `${dataset.name}@b`);
    await pool.zfs('destroy', `${dataset.name}@b`);
    const { snapshots } = await status({ store, source, dataset: dataset.name });
    expect(snapshots.map(({ local, bookmarked }) => [local, bookmarked])).toEqual([
      ['missing', false],
      ['missing', true],
    ]);
    await dataset.snapshot('c');
    expect(made(await backUp(store, dataset))).toEqual(['c<b']);
    expect(await marksOf(store, dataset)).toEqual(['#c', '!c']);

    const target = `${pool.name}/from bookmark`;
    await restore({ store, source, filters, dataset: dataset.name, snapshot: 'c', target });
    expect(await treeAt(pool, target)).toEqual(dataset.treeOf('c'));
  });

  it('of a run that died before it left them are made good', async () => {
    const [store, dataset] = [await createStore(), await createTestDataset(pool, 'died')];
    await dataset.snapshot('a');
    await backUp(store, dataset);
    await dataset.snapshot('b');
    await backUp(store, dataset, { bookmarks: false, holds: false });
    const expected =
      zfsKind === 'OpenZFS'
        ? [
            ['#a', '!a'],
            ['#b', '!b'],
          ]
        : [[], []];
    expect(await marksOf(store, dataset)).toEqual(expected[0]);
    expect(made(await backUp(store, dataset))).toEqual([]);
    expect(await marksOf(store, dataset)).toEqual(expected[1]);
  });

  it('of two stores do not touch each other, and release takes away one or all', async () => {
    const [one, two] = [await createStore(), await createStore()];
    const dataset = await createTestDataset(pool, 'two');
    await dataset.snapshot('a');
    await backUp(one, dataset);
    await backUp(two, dataset);
    await dataset.snapshot('b');
    await backUp(one, dataset);
    const isOpenZfs = zfsKind === 'OpenZFS';
    expect(await marksOf(one, dataset)).toEqual(isOpenZfs ? ['#b', '!b'] : []);
    expect(await marksOf(two, dataset)).toEqual(isOpenZfs ? ['#a', '!a'] : []);
    expect(made(await backUp(two, dataset))).toEqual(['b<a']);

    const { steps } = await release({ source, dataset: dataset.name, store: one });
    expect(steps).toHaveLength(isOpenZfs ? 2 : 0);
    expect(await marksOf(one, dataset)).toEqual([]);
    expect(await marksOf(two, dataset)).toEqual(isOpenZfs ? ['#b', '!b'] : []);
    await release({ source, dataset: dataset.name });
    expect(await marksOf(two, dataset)).toEqual([]);
    await pool.destroyDataset(dataset.name);
  });

  it("never take somebody else's bookmark for their own", async () => {
    const [store, dataset] = [await createStore(), await createTestDataset(pool, 'impostor')];
    await dataset.snapshot('a');
    if (zfsKind === 'zfs-fuse') {
      expect(made(await backUp(store, dataset))).toEqual(['full a']);
      return;
    }
    const forged = `${dataset.name}#zfs3backup:${storeId(store)}:b`;
    await pool.zfs('bookmark', `${dataset.name}@a`, forged);
    await backUp(store, dataset);
    await dataset.snapshot('b');
    await dataset.snapshot('c');
    expect(made(await backUp(store, dataset, { snapshot: 'b' }))).toEqual(['b<a']);
    const [guid] = await source
      .readDataset(dataset.name)
      .then((state) => state?.snapshots.filter(({ name }) => name === 'b').map((each) => each.guid) ?? []);
    expect(await marksOf(store, dataset)).toEqual([`#${guid}`, '!b']);
    expect(made(await backUp(store, dataset))).toEqual(['c<b']);
  });
});

describe('identity', () => {
  it('is the guid: renamed is the same, destroyed and taken again is another', async () => {
    const [store, dataset] = [await createStore(), await createTestDataset(pool, 'identity')];
    await dataset.snapshot('a');
    await backUp(store, dataset, { holds: false });
    await pool.zfs('rename', `${dataset.name}@a`, `${dataset.name}@renamed`);
    await dataset.snapshot('b');
    expect(made(await backUp(store, dataset, { holds: false }))).toEqual(['b<a']);
    const rows = async () => (await status({ store, source, dataset: dataset.name })).snapshots;
    expect(await rows()).toMatchObject([
      { name: 'a', local: 'ok', localName: 'renamed' },
      { name: 'b', local: 'ok', localName: null },
    ]);

    await pool.zfs('destroy', `${dataset.name}@b`);
    await dataset.snapshot('b');
    await expect(backUp(store, dataset)).rejects.toMatchObject({ code: 'SNAPSHOT_CONFLICT' });
    // taken within the second in which the other was stored, it may stand before or behind it
    expect((await rows()).map(({ name, type, local }) => `${name} ${type} ${local}`).sort()).toEqual([
      'a full ok',
      'b incremental other snapshot',
      'b missing ok',
    ]);
    await pool.zfs('rename', `${dataset.name}@b`, `${dataset.name}@b2`);
    const expected = zfsKind === 'OpenZFS' ? ['b2<b'] : ['b2<a'];
    expect(made(await backUp(store, dataset))).toEqual(expected);
    const target = `${pool.name}/identity copy`;
    await restore({ store, source, filters, dataset: dataset.name, snapshot: 'b2', target });
    expect(await treeAt(pool, target)).toEqual(dataset.treeOf('b'));
  });
});

describe('send flags', () => {
  it('are pinned to a chain', async () => {
    const [store, dataset] = [await createStore(), await createTestDataset(pool, 'flags')];
    const flags = zfsKind === 'OpenZFS' ? ['-L', '-c'] : ['-p'];
    await dataset.snapshot('a');
    await backUp(store, dataset);
    await dataset.snapshot('b');
    const incremental = backUp(store, dataset, { sendFlags: flags, mode: 'incremental' });
    await expect(incremental).rejects.toMatchObject({ code: 'NO_COMMON_SNAPSHOT' });
    const result = await backUp(store, dataset, { sendFlags: flags });
    expect(made(result)).toEqual(['full b']);
    expect(result.notes.join()).toContain(`now they are ${flags.join(' ')}`);
    await dataset.snapshot('c');
    expect(made(await backUp(store, dataset, { sendFlags: flags.toReversed() }))).toEqual(['c<b']);
    const info = await store.head(`p/${dataset.name}@c`);
    expect(info?.metadata['send-flags']).toBe(flags.join(' '));
  });

  it('send an encrypted dataset raw, so that its key is never loaded but to look at it', async () => {
    if (zfsKind === 'zfs-fuse') {
      await expect(pool.zfs('create', '-o', 'encryption=on', `${pool.name}/secret`)).rejects.toThrow();
      return;
    }
    const store = await createStore();
    const name = `${pool.name}/secret`;
    const key = join(pool.mountpoint, 'key');
    await writeRandomFile(key, 32);
    const keyed = ['-o', 'encryption=on', '-o', 'keyformat=raw', '-o', `keylocation=file://${key}`];
    await pool.zfs('create', ...keyed, name);
    const mountpoint = join(pool.mountpoint, 'secret');
    const trees: Record<string, string>[] = [];
    for (const snapshot of ['a', 'b']) {
      await writeRandomFile(join(mountpoint, snapshot), 500_000);
      trees.push(await readTree(mountpoint));
      await pool.zfs('snapshot', `${name}@${snapshot}`);
      await pool.zfs('unmount', name);
      await pool.zfs('unload-key', name);
      const result = await backUp(store, { name });
      expect(made(result)).toEqual([snapshot === 'a' ? 'full a' : 'b<a']);
      if (snapshot === 'a') expect(result.notes.join()).toContain('sent as it is on disk (-w)');
      expect(await pool.zfs('get', '-H', '-o', 'value', 'keystatus', name)).toBe('unavailable');
      expect((await store.head(`p/${name}@${snapshot}`))?.metadata['send-flags']).toBe('-w');
      await pool.zfs('load-key', name);
      await pool.zfs('mount', name);
    }
    await release({ source, dataset: name });
    await pool.destroyDataset(name);

    await restore({ store, source, filters, dataset: name, snapshot: 'b' });
    expect(await pool.zfs('get', '-H', '-o', 'value', 'keystatus', name)).toBe('unavailable');
    await pool.zfs('load-key', '-L', `file://${key}`, name);
    await pool.zfs('mount', name);
    expect(await readTree(await pool.zfs('get', '-H', '-o', 'value', 'mountpoint', name))).toEqual(trees[1]);

    // what was received goes on, raw as before
    await writeRandomFile(join(mountpoint, 'c'), 100_000);
    await pool.zfs('snapshot', `${name}@c`);
    expect(made(await backUp(store, { name }))).toEqual(['c<b']);
    await pool.zfs('snapshot', `${name}@d`);
    const plain = await backUp(store, { name }, { raw: 'off' });
    expect(made(plain)).toEqual(['full d']);
    expect(plain.notes.join()).toContain('the chain in the store has the send flags -w');
  });
});

describe('a dataset that went back past a bookmark', () => {
  const keptIn = (dataset: TestDataset) => join(dataset.folder, 'kept');

  /** `b` changes what `a2` had, then `x`, which was taken elsewhere on top of `a2`, is received by force. */
  async function goBack(name: string, store: ObjectStore) {
    const dataset = await createTestDataset(pool, name);
    const copy = `${pool.name}/${name}-copy`;
    await dataset.snapshot('a');
    await writeRandomFile(keptIn(dataset), 300_000);
    await pool.zfs('snapshot', `${dataset.name}@a2`);
    const first = source.send({ dataset: dataset.name, snapshot: 'a2' });
    await source.receive({ target: copy, snapshot: 'a2', force: false, mount: true }, first);
    await pool.zfs('snapshot', `${copy}@x`);
    // times of snapshots are whole seconds
    await setTimeout(1100);
    await writeRandomFile(keptIn(dataset), 300_000);
    await pool.zfs('snapshot', `${dataset.name}@b`);
    await backUp(store, dataset, { history: true });
    const receive = () =>
      source.receive(
        { target: dataset.name, snapshot: 'x', base: 'a2', force: true, mount: false },
        source.send({ dataset: copy, snapshot: 'x', parent: 'a2' }),
      );
    return { dataset, receive };
  }

  it('does not take what was undone for a base, and a hold keeps it from being undone', async () => {
    if (zfsKind === 'zfs-fuse') return;
    const store = await createStore();
    const { dataset, receive } = await goBack('undone', store);
    await expect(receive()).rejects.toMatchObject({ advice: expect.stringContaining('zfs holds') });
    await pool.zfs('release', `zfs3backup:${storeId(store)}`, `${dataset.name}@b`);
    await receive();
    expect(await marksOf(store, dataset)).toEqual(['#b']);
    await pool.zfs('snapshot', `${dataset.name}@y`);
    expect(made(await backUp(store, dataset))).toEqual(['x<a2', 'y<x']);
    const target = `${pool.name}/undone-restored`;
    await restore({ store, source, filters, dataset: dataset.name, snapshot: 'y', target });
    expect(await treeAt(pool, target)).toEqual(await readTree(dataset.folder));
  });

  it('by a restore of ours has no hold in the way and no bookmark left', async () => {
    const store = await createStore();
    const dataset = await createTestDataset(pool, 'forced');
    await dataset.snapshot('a');
    await dataset.snapshot('b');
    await backUp(store, dataset, { history: true });
    await release({ source, dataset: dataset.name });
    await pool.zfs('rollback', '-r', `${dataset.name}@a`);
    await dataset.snapshot('other');
    // to another store, which holds it as well
    const other = await createStore();
    await backUp(other, dataset);
    await restore({ store, source, filters, dataset: dataset.name, snapshot: 'b', force: true });
    const state = await source.readDataset(dataset.name);
    expect(state?.snapshots.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(state?.marks).toMatchObject({ bookmarks: [], holds: [] });
    expect(await treeAt(pool, dataset.name)).toEqual(dataset.treeOf('b'));
    await dataset.snapshot('c');
    expect(made(await backUp(store, dataset))).toEqual(['c<b']);
  });
});
