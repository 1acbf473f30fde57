import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { createDirectoryStore } from '../../src/store/directory-store.ts';
import { describeStoreContract } from './contract.ts';

const folders: string[] = [];

async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'zfs3backup-store-'));
  folders.push(folder);
  return folder;
}

afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

describeStoreContract('directory store', {
  openFresh: async () => createDirectoryStore({ path: await freshFolder(), prefix: 'zfs3backup-backup/' }),
  openMissing: async () => createDirectoryStore({ path: join(await freshFolder(), 'gone'), prefix: 'p/' }),
  manyKeys: 1201,
  completesSubset: true,
});
