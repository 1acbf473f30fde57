import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from './directory-errors.ts';
import { ignoreMissing, removeEmptyFolders } from './directory-files.ts';
import { keyOfNames, OWN_FOLDER } from './directory-keys.ts';
import type { ObjectFolder } from './directory-objects.ts';
import { isThere } from './directory-places.ts';
import type { Leftover } from './object-store.ts';

/**
 * What writers that died left in the store's own folder: temporary files, uploads that never became one or were
 * published already, and side files of objects that are not there.
 */
export async function listLeftovers(root: string, objects: ObjectFolder): Promise<readonly Leftover[]> {
  const own = join(root, OWN_FOLDER);
  const temporary = (await namesIn(join(own, 'temp'))).map((name) => ['temp', name]);
  const uploads: string[][] = [];
  for (const name of await namesIn(join(own, 'uploads'))) {
    const folder = join(own, 'uploads', name);
    const isOpen = (await isThere(join(folder, 'upload.json'))) && (await isThere(join(folder, 'body')));
    if (!isOpen) uploads.push(['uploads', name]);
  }
  const sides = await findLoneSides(own, ['objects'], objects);
  const found: Leftover[] = [];
  for (const names of [...temporary, ...uploads, ...sides]) {
    const leftover = await describe(own, names);
    if (leftover) found.push(leftover);
  }
  return found;
}

/** Only what `listLeftovers` would name: `name` may come from anywhere. */
export async function removeLeftover(root: string, objects: ObjectFolder, name: string): Promise<void> {
  const known = await listLeftovers(root, objects);
  if (!known.some((leftover) => leftover.name === name)) return;
  const names = name.split('/');
  await rm(join(root, ...names), { recursive: true, force: true });
  if (names[1] === 'objects') await removeEmptyFolders(root, names.slice(0, -1));
}

async function describe(own: string, names: readonly string[]): Promise<Leftover | undefined> {
  const path = join(own, ...names);
  const stats = await lstat(path).catch(ignoreMissing);
  if (!stats) return undefined;
  const bytes = stats.isDirectory() ? await bytesIn(path) : stats.size;
  return { name: [OWN_FOLDER, ...names].join('/'), bytes, modifiedAt: stats.mtime };
}

async function bytesIn(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await namesIn(folder)) {
    const stats = await lstat(join(folder, name)).catch(ignoreMissing);
    bytes += stats?.size ?? 0;
  }
  return bytes;
}

/** Side files are called as the object, `%.`, a version and `.json`. */
async function findLoneSides(
  own: string,
  names: readonly string[],
  objects: ObjectFolder,
): Promise<string[][]> {
  const found: string[][] = [];
  const entries = await readdir(join(own, ...names), { withFileTypes: true }).catch(ignoreMissing);
  for (const entry of entries ?? []) {
    const path = [...names, entry.name];
    if (entry.isDirectory()) found.push(...(await findLoneSides(own, path, objects)));
    const end = entry.name.lastIndexOf('%.');
    if (!entry.isFile() || end < 0) continue;
    const key = keyOfNames([...names.slice(1), entry.name.slice(0, end)]);
    if (key !== undefined && (await objects.find(key)) === undefined) found.push(path);
  }
  return found;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}
