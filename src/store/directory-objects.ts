import type { BigIntStats } from 'node:fs';
import { type FileHandle, readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { alreadyThere, isErrno } from './directory-errors.ts';
import {
  ignoreMissing,
  makeFolders,
  readTextIfThere,
  removeEmptyFolders,
  writeTextDurably,
} from './directory-files.ts';
import { BESIDE_FOLDER, namesOfKey, OWN_FOLDER } from './directory-keys.ts';
import { findFile, moveIfAbsent, moveInto } from './directory-move.ts';
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

/** A file that is to become an object. */
export interface Finished {
  readonly key: string;
  /** Where it lies; it is moved away from there, unless this fails. */
  readonly temporary: string;
  readonly handle: FileHandle;
  readonly etag: string;
  readonly attributes: ObjectAttributes;
  /** Fails with MISMATCH and status 412 where there is an object already. */
  readonly ifAbsent: boolean;
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
  /** Makes a file the object `key`, in one step. */
  publish(file: Finished): Promise<void>;
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

  async function publish({ key, temporary, handle, etag, attributes, ifAbsent }: Finished): Promise<void> {
    await handle.sync();
    const stats = await handle.stat({ bigint: true });
    const side: SideFile = { key, etag, bytes: Number(stats.size), metadata: {}, ...attributes };
    const names = namesOfKey(key);
    const path = join(root, ...names);
    const replaced = await findFile(path);
    if (ifAbsent && replaced) throw alreadyThere(root, key);
    const move = async () => {
      await sides.write(side, stats);
      await makeFolders(root, names.slice(0, -1));
      if (!ifAbsent) return moveInto(temporary, path);
      if (await moveIfAbsent(temporary, path)) return;
      await sides.removeOwn(key, stats);
      throw alreadyThere(root, key);
    };
    await persistently(move);
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

async function persistently(work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await work();
      return;
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || !isErrno(error, 'ENOENT', 'ENOTDIR')) throw error;
    }
  }
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
    /** Removes the side file of a version that did not come to be. */
    async removeOwn(key: string, stats: BigIntStats): Promise<void> {
      const { folders, folder, start } = placeOf(key);
      await unlink(join(folder, start + versionOf(stats))).catch(ignoreMissing);
      await removeEmptyFolders(root, folders);
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

function ignoreFolder(error: unknown): void {
  // Linux answers EISDIR, others EPERM, when the name belongs to a folder.
  if (!isErrno(error, 'EISDIR', 'EPERM', 'ENOENT', 'ENOTDIR')) throw error;
}
