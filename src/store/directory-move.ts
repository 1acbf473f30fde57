import type { BigIntStats } from 'node:fs';
import { link, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isErrno } from './directory-errors.ts';
import { ignoreMissing, syncFolder } from './directory-files.ts';
import { BESIDE_FOLDER } from './directory-keys.ts';

/** The file of the object whose path this is: it may stand beside a folder of that name. */
export async function findFile(path: string): Promise<{ path: string; stats: BigIntStats } | undefined> {
  for (const candidate of [path, path + BESIDE_FOLDER]) {
    const stats = await fileStats(candidate);
    if (stats) return { path: candidate, stats };
  }
  return undefined;
}

/** Makes a file the object, in one step that survives a power cut, whatever was there. */
export async function moveInto(temporary: string, path: string): Promise<void> {
  try {
    await rename(temporary, path);
    await unlink(path + BESIDE_FOLDER).catch(ignoreMissing);
  } catch (error) {
    if (!isErrno(error, 'EISDIR', 'ENOTEMPTY', 'EEXIST')) throw error;
    await rename(temporary, path + BESIDE_FOLDER);
  }
  await syncFolder(dirname(path));
}

/**
 * The same, unless there is an object: then the file stays where it is, and the answer is `false`. A file system without
 * hard links knows no such step; there, somebody else's object is replaced that came since it was looked for.
 */
export async function moveIfAbsent(temporary: string, path: string): Promise<boolean> {
  // Under a name that nobody goes on to write to: it is the object itself for a moment, and longer if we die.
  const moving = `${temporary}-moving`;
  await rename(temporary, moving);
  let isMoved = false;
  try {
    isMoved = await linkIfAbsent(moving, path);
  } finally {
    if (!isMoved) await rename(moving, temporary);
  }
  if (!isMoved) return false;
  await syncFolder(dirname(path));
  await unlink(moving).catch(ignoreMissing);
  return true;
}

async function linkIfAbsent(file: string, path: string): Promise<boolean> {
  if (await linkOrRename(file, path)) {
    // One that was there moved aside to make way for a folder, which was not there yet.
    if (!(await fileStats(path + BESIDE_FOLDER).catch(() => undefined))) return true;
    await unlink(path);
    return false;
  }
  if (await fileStats(path)) return false;
  return linkOrRename(file, path + BESIDE_FOLDER);
}

async function linkOrRename(file: string, path: string): Promise<boolean> {
  try {
    await link(file, path);
    return true;
  } catch (error) {
    // NFS says so of a link that it made when its first answer was lost.
    if (isErrno(error, 'EEXIST')) return (await fileStats(path))?.ino === (await fileStats(file))?.ino;
    if (!isErrno(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK')) throw error;
  }
  if (await isTaken(path)) return false;
  await rename(file, path);
  return true;
}

async function isTaken(path: string): Promise<boolean> {
  return (await stat(path).catch(ignoreMissing)) !== undefined;
}

async function fileStats(path: string): Promise<BigIntStats | undefined> {
  const stats = await stat(path, { bigint: true }).catch(ignoreMissing);
  return stats?.isFile() ? stats : undefined;
}
