import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { release } from '../../src/release.ts';
import { restore } from '../../src/restore.ts';
import { status } from '../../src/status.ts';
import { createTestDataset, treeAt } from '../main/test-dataset.ts';
import { backUp, createStore, filters, made, source } from './backup-run.ts';
import { createEncryptedDataset } from './encrypted-dataset.ts';
import { readTree, writeRandomFile } from './files.ts';
import { createTestPool, type TestPool } from './test-pool.ts';
import { zfsKind } from './zfs-kind.ts';

let pool: TestPool;
beforeAll(async () => {
  pool = await createTestPool();
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
    const { name, folder, lock, unlock } = await createEncryptedDataset(pool, 'secret');
    const trees: Record<string, string>[] = [];
    for (const snapshot of ['a', 'b']) {
      await writeRandomFile(join(folder, snapshot), 500_000);
      trees.push(await readTree(folder));
      await pool.zfs('snapshot', `${name}@${snapshot}`);
      await lock();
      const result = await backUp(store, { name });
      expect(made(result)).toEqual([snapshot === 'a' ? 'full a' : 'b<a']);
      if (snapshot === 'a') expect(result.notes.join()).toContain('sent as it is on disk (-w)');
      expect(await pool.get('keystatus', name)).toBe('unavailable');
      expect((await store.head(`p/${name}@${snapshot}`))?.metadata['send-flags']).toBe('-w');
      await unlock();
    }
    await release({ source, dataset: name });
    await pool.destroyDataset(name);

    await restore({ store, source, filters, dataset: name, snapshot: 'b' });
    expect(await pool.get('keystatus', name)).toBe('unavailable');
    await unlock();
    expect(await readTree(await pool.get('mountpoint', name))).toEqual(trees[1]);

    // what was received goes on, raw as before
    await writeRandomFile(join(folder, 'c'), 100_000);
    await pool.zfs('snapshot', `${name}@c`);
    expect(made(await backUp(store, { name }))).toEqual(['c<b']);
    await pool.zfs('snapshot', `${name}@d`);
    const plain = await backUp(store, { name }, { raw: 'off' });
    expect(made(plain)).toEqual(['full d']);
    expect(plain.notes.join()).toContain('the chain in the store has the send flags -w');
  });
});
