import { open, stat, statfs, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { StoreError } from '../errors.ts';
import { asStoreError, noSuchRoot } from './directory-errors.ts';
import { FILE_MODE, ignoreMissing, temporaryPath } from './directory-files.ts';
import { OWN_FOLDER } from './directory-keys.ts';
import type { StoreFacts, Trial } from './store-facts.ts';

const OTHERS_READ = 0o004;
const OTHERS_WRITE = 0o022;

/** Whether files can be written below `root`, and what room there is. */
export async function describeFolder(root: string): Promise<StoreFacts> {
  const stats = await stat(root).catch(ignoreMissing);
  if (!stats?.isDirectory()) return { rights: { list: noSuchRoot(root, 'list', stats !== undefined) } };
  const { bavail, bsize } = await statfs(root);
  return {
    rights: { list: 'ok', 'store part': await tryWriting(root) },
    freeBytes: bavail * bsize,
    openTo: stats.mode & OTHERS_WRITE ? 'writers' : stats.mode & OTHERS_READ ? 'readers' : undefined,
  };
}

async function tryWriting(root: string): Promise<Trial> {
  try {
    const path = await temporaryPath(join(root, OWN_FOLDER, 'temp'));
    try {
      await using handle = await open(path, 'wx', FILE_MODE);
      await handle.writeFile('a probe of zfs3backup doctor\n');
      await handle.sync();
    } finally {
      await unlink(path).catch(ignoreMissing);
    }
    return 'ok';
  } catch (error) {
    const told = asStoreError(error, root, 'put', 'a probe');
    if (told instanceof StoreError) return told;
    throw error;
  }
}
