import { createDirectoryStore } from '../../src/store/directory-store.ts';
import { createTestFolder } from '../test-folder.ts';
import type { JobStore } from './jobs.ts';

/** A directory with a blank in its name. */
export async function createDirectory(): Promise<JobStore> {
  const path = await createTestFolder('the store');
  return {
    env: { ZFS3BACKUP_STORE: `file://${path.replaceAll(' ', '%20')}` },
    store: createDirectoryStore({ path, prefix: 'zfs3backup-backup/' }),
  };
}
