import { join } from 'node:path';
import { createDirectoryStore } from '../../src/store/directory-store.ts';
import { temporaryFolder } from '../stream/fixtures.ts';
import { describeStoreContract } from './contract.ts';

describeStoreContract('directory store', {
  openFresh: async () =>
    createDirectoryStore({ path: await temporaryFolder(), prefix: 'zfs3backup-backup/' }),
  openMissing: async () =>
    createDirectoryStore({ path: join(await temporaryFolder(), 'gone'), prefix: 'p/' }),
  // A folder is listed without pages.
  manyKeys: 101,
  completesSubset: true,
  completesIfAbsent: true,
});
