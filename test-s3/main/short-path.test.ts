import { expect, it } from 'vitest';
import { createDirectoryStore } from '../../src/store/directory-store.ts';
import { createTestFolder } from '../test-folder.ts';
import { createTestPool } from '../zfs/test-pool.ts';
import { zfsKind } from '../zfs/zfs-kind.ts';
import { createCli } from './run-cli.ts';
import { createTestDataset } from './test-dataset.ts';

/** As Debian's cron sets it; zfs is in /usr/sbin. */
const PATH = '/usr/bin:/bin';

it('cron’s short PATH is enough to find zfs', async () => {
  const pool = await createTestPool();
  const data = await createTestDataset(pool, 'cron');
  await data.snapshot('daily-1');
  const path = await createTestFolder('store');
  const env = { ZFS3BACKUP_STORE: `file://${path}`, FILESYSTEM: data.name, SNAPSHOT_PREFIX: 'daily', PATH };
  const cli = await createCli(env);
  // some have links to it in /usr/bin
  if (zfsKind !== 'OpenZFS') expect(await cli.shell('command -v zfs')).toMatchObject({ stdout: '' });
  expect(await cli.zfs3backup('--quiet', 'backup')).toEqual({ status: 0, stdout: '', stderr: '' });
  const store = createDirectoryStore({ path, prefix: 'zfs3backup-backup/' });
  expect(await store.head(`zfs3backup-backup/${data.name}@daily-1`)).toBeDefined();
});

it('folders are looked into behind all that PATH names', async () => {
  const path = await createTestFolder('store');
  const cli = await createCli({ ZFS3BACKUP_STORE: `file://${path}`, PATH: '/sbin:/usr/bin:/bin' });
  const stored = await cli.run('pput', 'path', '--', 'sh', '-c', 'printf %s "$PATH"');
  expect(stored).toMatchObject({ status: 0 });
  expect((await cli.run('zfs3backup_get', 'path')).stdout).toBe(
    '/sbin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin',
  );
});
