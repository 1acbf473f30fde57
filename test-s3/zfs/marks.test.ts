import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { release } from '../../src/release.ts';
import { restore } from '../../src/restore.ts';
import { status } from '../../src/status.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { storeId } from '../../src/store/store-id.ts';
import { createTestDataset, type TestDataset, treeAt } from '../main/test-dataset.ts';
import { backUp, createStore, filters, made, source } from './backup-run.ts';
import { readTree, writeRandomFile } from './files.ts';
import { createTestPool, type TestPool } from './test-pool.ts';
import { zfsKind } from './zfs-kind.ts';

// What only OpenZFS can do is asserted there; on zfs-fuse the same tests assert that all goes on without it.
let pool: TestPool;
beforeAll(async () => {
  pool = await createTestPool();
});

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
