import { createHash, randomUUID } from 'node:crypto';
import {
  type FileHandle,
  lstat,
  mkdir,
  open,
  readFile,
  readlink,
  rename,
  rmdir,
  stat,
  unlink,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isErrno } from './directory-errors.ts';
import { BESIDE_FOLDER } from './directory-keys.ts';

const SLICE_BYTES = 1024 * 1024;

/** Backups hold what the datasets hold: nobody but the owner reads them unless the owner says so. */
export const FILE_MODE = 0o600;
export const FOLDER_MODE = 0o700;

/** Writes all of `body` at `position` and returns its SHA-256 (hex), hashing while the disk works. */
export async function writeAt(
  handle: FileHandle,
  body: Uint8Array,
  position: number,
  options: { readonly sha256?: string; readonly signal?: AbortSignal } = {},
): Promise<string> {
  const hash = options.sha256 === undefined ? createHash('sha256') : undefined;
  for (let done = 0; done < body.byteLength; done += SLICE_BYTES) {
    options.signal?.throwIfAborted();
    const slice = body.subarray(done, done + SLICE_BYTES);
    const writing = writeFully(handle, slice, position + done);
    hash?.update(slice);
    await writing;
  }
  return options.sha256 ?? hash?.digest('hex') ?? '';
}

async function writeFully(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.byteLength - done, position + done);
    done += bytesWritten;
  }
}

/** Copies `bytes` bytes between two open files; throws when the source is shorter. */
export async function copyRange(
  from: FileHandle,
  fromPosition: number,
  to: FileHandle,
  toPosition: number,
  bytes: number,
): Promise<void> {
  const buffer = Buffer.allocUnsafe(Math.min(SLICE_BYTES, bytes));
  for (let done = 0; done < bytes; ) {
    const want = Math.min(buffer.byteLength, bytes - done);
    const { bytesRead } = await from.read(buffer, 0, want, fromPosition + done);
    if (bytesRead === 0) throw shortFile(bytes - done);
    await writeFully(to, buffer.subarray(0, bytesRead), toPosition + done);
    done += bytesRead;
  }
}

/** As an error of the file system, because that is what it is: the bytes were there. */
export function shortFile(missingBytes: number): Error {
  return Object.assign(new Error(`the file ended ${missingBytes} bytes early`), { code: 'EIO' });
}

/** A fresh name in `folder`, which is created if need be. */
export async function temporaryPath(folder: string): Promise<string> {
  await createFolder(folder);
  return join(folder, randomUUID());
}

/** With its parents. Node's recursive `mkdir` says ENOENT of a file system that is read-only. */
export async function createFolder(folder: string): Promise<void> {
  try {
    await makeFolder(folder);
  } catch (error) {
    if (!isErrno(error, 'ENOENT') || dirname(folder) === folder) throw error;
    await createFolder(dirname(folder));
    await makeFolder(folder);
  }
}

/** Below a parent that is there; somebody else may have made it meanwhile. */
async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { mode: FOLDER_MODE }).catch(async (error: unknown) => {
    if (!isErrno(error, 'EEXIST')) throw error;
    await refuseLinkToNowhere(folder);
  });
}

/**
 * A link to a disk that is not mounted is taken neither for a place to make something in nor for one in which nothing
 * is. Throws ENOENT.
 */
export async function refuseLinkToNowhere(path: string): Promise<void> {
  const stats = await lstat(path).catch(ignoreMissing);
  if (!stats?.isSymbolicLink() || (await stat(path).catch(ignoreMissing))) return;
  const message = `${path} is a link to ${await readlink(path)}, which is not there`;
  throw Object.assign(new Error(message), { code: 'ENOENT' });
}

/** Replaces a small text file in one step that survives a power cut. */
export async function writeTextDurably(path: string, text: string, temporaryFolder: string): Promise<void> {
  const temporary = await temporaryPath(temporaryFolder);
  try {
    await using handle = await open(temporary, 'wx', FILE_MODE);
    await handle.writeFile(text);
    await handle.sync();
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(ignoreMissing);
    throw error;
  }
  await syncFolder(dirname(path));
}

export async function readTextIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

/** Makes a rename or a new file in `folder` survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r');
  await handle.sync().catch((error: unknown) => {
    // Some network file systems cannot sync a folder; they have nothing better to offer.
    if (!isErrno(error, 'EINVAL', 'ENOTSUP')) throw error;
  });
}

/** Creates the folders `names` below `root`; a file in the way of a folder moves beside it. */
export async function makeFolders(root: string, names: readonly string[]): Promise<string> {
  let folder = root;
  for (const name of names) {
    const parent = folder;
    folder = join(parent, name);
    const kind = await kindOf(folder);
    if (kind === 'folder') continue;
    // Only a file is ever renamed: a folder that appeared meanwhile is somebody's who did the same.
    if (kind === 'file') await rename(folder, folder + BESIDE_FOLDER).catch(ignoreMissing);
    await makeFolder(folder);
    await syncFolder(parent);
  }
  return folder;
}

/** Removes the folders `names` below `root` that are empty, innermost first. */
export async function removeEmptyFolders(root: string, names: readonly string[]): Promise<void> {
  for (let depth = names.length; depth > 0; depth -= 1) {
    try {
      await rmdir(join(root, ...names.slice(0, depth)));
    } catch {
      return;
    }
  }
}

async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

export function ignoreMissing(error: unknown): void {
  if (!isErrno(error, 'ENOENT', 'ENOTDIR')) throw error;
}
