import type { BigIntStats } from 'node:fs';
import { type FileHandle, rename, stat, unlink } from 'node:fs/promises';
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
 * the side file comes first and holds the versions before as well; the data file's time and size say which of them
 * is there. Renaming the data file is the moment at which an object appears or is replaced.
 */
interface SideFile {
  readonly key: string;
  /** Newest first. */
  readonly versions: readonly Version[];
}

interface Version {
  readonly etag: string;
  readonly bytes: number;
  readonly mtimeNs: string;
  readonly inode: string;
  readonly metadata: Metadata;
  readonly storageClass?: string;
}

/** Enough for writers that overtake each other. */
const MAX_VERSIONS = 4;
const SIDE_SUFFIX = '%.json';
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
  const own = join(root, OWN_FOLDER);
  const sideFolder = join(own, 'objects');
  const sidePath = (key: string) => join(sideFolder, ...namesOfKey(key)) + SIDE_SUFFIX;

  async function readVersions(key: string): Promise<readonly Version[]> {
    const text = await readTextIfThere(sidePath(key));
    return text === undefined ? [] : (JSON.parse(text) as SideFile).versions;
  }

  async function find(key: string): Promise<StoredFile | undefined> {
    const found = await findFile(join(root, ...namesOfKey(key)));
    if (found === undefined) return undefined;
    const version = matchVersion(await readVersions(key), found.stats);
    const info: ObjectInfo = {
      key,
      bytes: Number(found.stats.size),
      etag: version?.etag,
      modifiedAt: found.stats.mtime,
      storageClass: version?.storageClass,
      metadata: version?.metadata ?? {},
      ...(version === undefined || version.etag.includes('-')
        ? {}
        : { digest: { algorithm: 'sha256', hex: version.etag } }),
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
    const version = describeVersion(await handle.stat({ bigint: true }), etag, attributes);
    const names = namesOfKey(key);
    for (let attempt = 1; ; attempt += 1) {
      try {
        await writeSide(key, version);
        await makeFolders(root, names.slice(0, -1));
        return await moveInto(temporary, join(root, ...names));
      } catch (error) {
        if (attempt === MAX_ATTEMPTS || !isErrno(error, 'ENOENT', 'ENOTDIR')) throw error;
      }
    }
  }

  async function writeSide(key: string, version: Version): Promise<void> {
    await makeFolders(root, [OWN_FOLDER, 'objects', ...namesOfKey(key).slice(0, -1)]);
    const versions = [version, ...(await readVersions(key))].slice(0, MAX_VERSIONS);
    await writeTextDurably(sidePath(key), `${JSON.stringify({ key, versions })}\n`, join(own, 'temp'));
  }

  async function remove(key: string): Promise<void> {
    const names = namesOfKey(key);
    const path = join(root, ...names);
    await unlink(path).catch(ignoreFolder);
    await unlink(path + BESIDE_FOLDER).catch(ignoreMissing);
    await unlink(sidePath(key)).catch(ignoreMissing);
    await removeEmptyFolders(root, names.slice(0, -1));
    await removeEmptyFolders(sideFolder, names.slice(0, -1));
  }

  return { find, publish, remove };
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

function describeVersion(stats: BigIntStats, etag: string, attributes: ObjectAttributes): Version {
  return {
    etag,
    bytes: Number(stats.size),
    mtimeNs: String(stats.mtimeNs),
    inode: String(stats.ino),
    metadata: attributes.metadata ?? {},
    ...(attributes.storageClass === undefined ? {} : { storageClass: attributes.storageClass }),
  };
}

/**
 * A store that was copied to another disk has other inodes, and perhaps other times: the size alone decides then.
 * A file of another size is not what was stored, so nothing that the side file says holds for it.
 */
function matchVersion(versions: readonly Version[], stats: BigIntStats): Version | undefined {
  const sameSize = versions.filter(({ bytes }) => bytes === Number(stats.size));
  const sameTime = sameSize.filter(({ mtimeNs }) => mtimeNs === String(stats.mtimeNs));
  return sameTime.find(({ inode }) => inode === String(stats.ino)) ?? sameTime[0] ?? sameSize[0];
}

function ignoreFolder(error: unknown): void {
  // Linux answers EISDIR, others EPERM, when the name belongs to a folder.
  if (!isErrno(error, 'EISDIR', 'EPERM', 'ENOENT', 'ENOTDIR')) throw error;
}
