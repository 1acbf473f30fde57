import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDirectoryStore } from '../../src/store/directory-store.ts';
import { describeMainJob } from './main-job.ts';

describeMainJob('a directory store', async () => {
  const path = await mkdtemp(join(tmpdir(), 'z3b store-'));
  return {
    env: { ZFS3BACKUP_STORE: `file://${path.replaceAll(' ', '%20')}` },
    store: createDirectoryStore({ path, prefix: 'zfs3backup-backup/' }),
  };
});
