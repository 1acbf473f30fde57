import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { beforeAll, expect, it } from 'vitest';
import { createZfsSource } from '../../src/sources/zfs/zfs-source.ts';
import { createEncryptedDataset } from './encrypted-dataset.ts';
import { readTree, writeRandomFile } from './files.ts';
import { createTestPool, type TestPool } from './test-pool.ts';
import { zfsKind } from './zfs-kind.ts';

// What only OpenZFS can do is asserted there; on zfs-fuse the same tests assert how its absence shows.
const source = createZfsSource();
let pool: TestPool;

beforeAll(async () => {
  pool = await createTestPool();
});

it('estimates full and incremental streams on OpenZFS, and cannot tell on zfs-fuse', async () => {
  const dataset = `${pool.name}/estimated size 1`;
  await pool.zfs('create', dataset);
  await writeRandomFile(join(pool.mountpoint, 'estimated size 1', 'one'), 4_000_000);
  await pool.zfs('snapshot', `${dataset}@size a`);
  await writeRandomFile(join(pool.mountpoint, 'estimated size 1', 'two'), 1_000_000);
  await pool.zfs('snapshot', `${dataset}@b`);
  for (const step of [
    { dataset, snapshot: 'size a' },
    { dataset, snapshot: 'b', parent: 'size a' },
  ]) {
    const estimate = await source.estimate(step);
    if (zfsKind === 'zfs-fuse') {
      expect(estimate).toBeUndefined();
    } else {
      const { byteLength: bytes } = await buffer(source.send(step));
      expect(estimate).toBeGreaterThan(bytes * 0.9);
      expect(estimate).toBeLessThan(bytes * 1.1);
    }
  }
});

it('sends an encrypted dataset raw without its key on OpenZFS; zfs-fuse says that it knows no -w', async () => {
  const dataset = `${pool.name}/secret`;
  const step = { dataset, snapshot: 's', sendFlags: ['-w'] };
  if (zfsKind === 'zfs-fuse') {
    await pool.zfs('create', dataset);
    await pool.zfs('snapshot', `${dataset}@s`);
    await expect(buffer(source.send(step))).rejects.toMatchObject({ code: 'PROCESS_FAILED' });
    return;
  }
  const { folder, lock, unlock } = await createEncryptedDataset(pool, 'secret');
  await writeRandomFile(join(folder, 'file'), 500_000);
  const tree = await readTree(folder);
  await pool.zfs('snapshot', `${dataset}@s`);
  await lock();

  const copy = `${pool.name}/secret-copy`;
  await source.receive({ target: copy, snapshot: 's', force: false, mount: false }, source.send(step));
  await unlock(copy);
  expect(await readTree(join(pool.mountpoint, 'secret-copy'))).toEqual(tree);
});

it('leaves bookmarks out of the snapshots', async () => {
  const dataset = `${pool.name}/marked`;
  await pool.zfs('create', dataset);
  await pool.zfs('snapshot', `${dataset}@s`);
  const bookmark = pool.zfs('bookmark', `${dataset}@s`, `${dataset}#s`);
  if (zfsKind === 'OpenZFS') await bookmark;
  else await expect(bookmark).rejects.toThrow(/unrecognized command/);
  expect((await source.readDataset(dataset))?.snapshots.map(({ name }) => name)).toEqual(['s']);
});
