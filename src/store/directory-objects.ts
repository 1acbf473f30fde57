import type { BigIntStats } from 'node:fs';
import { type FileHandle, readdir, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isErrno } from './directory-errors.ts';
import {
  ignoreMissing,
  makeFolders,
  readTextIfThere,
  removeEmptyFolders,
  syncFolder,
  writeTextDurably,
} from './directory-files.ts';
import { BESIDE_FOLDER, namesOfKey, OWN_FOLDER } from './directory-keys.ts';
import type { Metadata, ObjectAttributes, ObjectInfo } from './object-store.ts';

/**
 * An object is a plain file plus a side file that tells its ETag and metadata. Two renames cannot be one step, so
 * each version has a side file of its own, named after the data file's time and inode, which comes first. Renaming
 * the data file is the moment at which an object appears or is replaced; writers never touch each other's files.
 */
interface SideFile {
  readonly key: string;
  readonly etag: string;
  readonly bytes: number;
  readonly metadata: Metadata;
  readonly storageClass?: string;
}

interface SideEntry {
  readonly path: string;
  readonly side: SideFile | undefined;
  readonly writtenAt: number;
}

/** What a writer that died left behind is removed when it is older than any writer may be. */
const ABANDONED_MS = 24 * 3600 * 1000;
/** A remover may take a folder away just after it was made. */
const MAX_ATTEMPTS = 5;

export interface StoredFile {
  readonly path: string;
  readonly stats: BigIntStats;
  readonly info: ObjectInfo;
}

export interface ObjectFolder {
  /** `undefined` when there is no such object. */
  find(key: string): Promise<StoredFile | undefined>;
  /** Makes the finished file at `temporary` the object `key`, in one step; it is moved away from there. */
  publish(
    key: string,
    temporary: string,
    handle: FileHandle,
    etag: string,
    attributes: ObjectAttributes,
  ): Promise<void>;
  remove(key: string): Promise<void>;
}

export function createObjectFolder(root: string): ObjectFolder {
  const sides = createSideFolder(root);

  async function find(key: string): Promise<StoredFile | undefined> {
    const found = await findFile(join(root, ...namesOfKey(key)));
    if (found === undefined) return undefined;
    const side = await sides.read(key, found.stats);
    const info: ObjectInfo = {
      key,
      bytes: Number(found.stats.size),
      etag: side?.etag,
      modifiedAt: found.stats.mtime,
      storageClass: side?.storageClass,
      metadata: side?.metadata ?? {},
      ...(side === undefined || side.etag.includes('-')
        ? {}
        : { digest: { algorithm: 'sha256', hex: side.etag } }),
    };
    return { ...found, info };
  }

  async function publish(
    key: string,
    temporary: string,
    handle: FileHandle,
    etag: string,
    attributes: ObjectAttributes,
  ): Promise<void> {
    await handle.sync();
    const stats = await handle.stat({ bigint: true });
    const side: SideFile = { key, etag, bytes: Number(stats.size), metadata: {}, ...attributes };
    const names = namesOfKey(key);
    const replaced = await findFile(join(root, ...names));
    for (let attempt = 1; ; attempt += 1) {
      try {
        await sides.write(side, stats);
        await makeFolders(root, names.slice(0, -1));
        await moveInto(temporary, join(root, ...names));
        break;
      } catch (error) {
        if (attempt === MAX_ATTEMPTS || !isErrno(error, 'ENOENT', 'ENOTDIR')) throw error;
      }
    }
    if (replaced !== undefined) await sides.remove(key, replaced.stats);
  }

  async function remove(key: string): Promise<void> {
    const names = namesOfKey(key);
    const path = join(root, ...names);
    const found = await findFile(path);
    await unlink(path).catch(ignoreFolder);
    await unlink(path + BESIDE_FOLDER).catch(ignoreMissing);
    if (found !== undefined) await sides.remove(key, found.stats);
    await removeEmptyFolders(root, names.slice(0, -1));
  }

  return { find, publish, remove };
}

function createSideFolder(root: string) {
  const placeOf = (key: string) => {
    const names = [OWN_FOLDER, 'objects', ...namesOfKey(key)];
    const folders = names.slice(0, -1);
    return { folders, folder: join(root, ...folders), start: `${names.at(-1)}%.` };
  };

  async function readAll(key: string): Promise<SideEntry[]> {
    const { folder, start } = placeOf(key);
    const names = (await readdir(folder).catch(ignoreMissing)) ?? [];
    const found: SideEntry[] = [];
    for (const name of names.filter((other) => other.startsWith(start))) {
      const path = join(folder, name);
      const side = parseSide(await readTextIfThere(path));
      const stats = await stat(path).catch(ignoreMissing);
      if (stats) found.push({ path, side, writtenAt: stats.mtimeMs });
    }
    return found.sort((a, b) => b.writtenAt - a.writtenAt);
  }

  return {
    /**
     * A store that was copied to another disk has other inodes, and perhaps other times: the size decides then. A
     * file of another size is not what was stored, so nothing that was said of it holds.
     */
    async read(key: string, stats: BigIntStats): Promise<SideFile | undefined> {
      const { folder, start } = placeOf(key);
      const bytes = Number(stats.size);
      const own = parseSide(await readTextIfThere(join(folder, start + versionOf(stats))));
      if (own?.bytes === bytes) return own;
      return (await readAll(key)).find(({ side }) => side?.bytes === bytes)?.side;
    },
    async write(side: SideFile, stats: BigIntStats): Promise<void> {
      const { folders, folder, start } = placeOf(side.key);
      await makeFolders(root, folders);
      const path = join(folder, start + versionOf(stats));
      await writeTextDurably(path, `${JSON.stringify(side)}\n`, join(root, OWN_FOLDER, 'temp'));
    },
    /** Removes the version's side file, and those that nobody can be about to use any more. */
    async remove(key: string, stats: BigIntStats): Promise<void> {
      const { folders, folder, start } = placeOf(key);
      const own = join(folder, start + versionOf(stats));
      for (const { path, writtenAt } of await readAll(key)) {
        if (path === own || writtenAt < Date.now() - ABANDONED_MS) await unlink(path).catch(ignoreMissing);
      }
      await removeEmptyFolders(root, folders);
    },
  };
}

/** A damaged side file is as good as none: the object itself can still be read. */
function parseSide(text: string | undefined): SideFile | undefined {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as SideFile);
  } catch {
    return undefined;
  }
}

function versionOf({ mtimeNs, ino }: BigIntStats): string {
  return `${mtimeNs.toString(36)}-${ino.toString(36)}.json`;
}

async function findFile(path: string): Promise<{ path: string; stats: BigIntStats } | undefined> {
  for (const candidate of [path, path + BESIDE_FOLDER]) {
    try {
      const stats = await stat(candidate, { bigint: true });
      if (stats.isFile()) return { path: candidate, stats };
    } catch (error) {
      ignoreMissing(error);
    }
  }
  return undefined;
}

async function moveInto(temporary: string, path: string): Promise<void> {
  try {
    await rename(temporary, path);
    await unlink(path + BESIDE_FOLDER).catch(ignoreMissing);
  } catch (error) {
    if (!isErrno(error, 'EISDIR', 'ENOTEMPTY', 'EEXIST')) throw error;
    await rename(temporary, path + BESIDE_FOLDER);
  }
  await syncFolder(dirname(path));
}

function ignoreFolder(error: unknown): void {
  // Linux answers EISDIR, others EPERM, when the name belongs to a folder.
  if (!isErrno(error, 'EISDIR', 'EPERM', 'ENOENT', 'ENOTDIR')) throw error;
}
