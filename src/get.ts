import { randomBytes } from 'node:crypto';
import { type FileHandle, open, realpath, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { FetchOptions } from './reading/fetch-options.ts';
import { checkOutput } from './steps/check-output.ts';
import type { Output } from './steps/output.ts';
import { orOutputFailed, type WriteChunk, writeAll, writingTo } from './steps/write-output.ts';
import { isErrno } from './store/directory-errors.ts';
import { syncFolder } from './store/directory-files.ts';
import type { ObjectInfo } from './store/object-store.ts';
import { untilAborted } from './stream/until-aborted.ts';
import { checkDownload } from './transfer/check-download.ts';
import { openDownload } from './transfer/download.ts';

export type { OpenFile, Output, OutputStream } from './steps/output.ts';

export interface GetOptions extends FetchOptions {
  /** The whole key: no prefix is put before it. */
  readonly key: string;
  /**
   * Where the bytes go: a stream or an open file, which stay open, or the path of a file. A file that is there is
   * replaced, and only once the object has arrived whole; what is no regular file (`/dev/…`, a named pipe) is written
   * into.
   */
  readonly output: Output | string;
}

/**
 * Brings an object's bytes back as they are stored, and resolves to what the store tells of it. Fails with USAGE, NO_SUCH_KEY, OUTPUT_FAILED, MISMATCH when fewer or
 * other bytes arrive than the store announced, or a `StoreError`; a stream has then got a part of the bytes.
 */
export async function get(options: GetOptions): Promise<ObjectInfo> {
  const { key, output, signal } = options;
  checkDownload(options);
  checkOutput(key, output);
  if (typeof output !== 'string') return writingTo(output, signal, (write) => copy(options, write));
  const target = await orOutputFailed(output, readTarget(output));
  if (target.kind === 'special') return writeInto(options, await openSpecial(output, signal));
  return replaceFile(options, target.path, target.mode);
}

type Target =
  | { readonly kind: 'special' }
  | { readonly kind: 'file'; readonly path: string; readonly mode: number | undefined };

/** What stands at the path; a symbolic link stands for the file that it points to. */
async function readTarget(path: string): Promise<Target> {
  try {
    const resolved = await realpath(path);
    const stats = await stat(resolved);
    if (stats.isFile()) return { kind: 'file', path: resolved, mode: stats.mode & 0o7777 };
    return { kind: 'special' };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'file', path, mode: undefined };
    throw error;
  }
}

/** A named pipe opens when somebody reads it. */
async function openSpecial(path: string, signal: AbortSignal | undefined): Promise<FileHandle> {
  const opening = open(path, 'w');
  try {
    return await untilAborted(orOutputFailed(path, opening), signal);
  } catch (error) {
    opening.then((file) => file.close()).catch(() => {});
    throw error;
  }
}

/** Beside the file first, so that the rename at the end is one step on one file system. */
async function replaceFile(options: GetOptions, path: string, mode: number | undefined): Promise<ObjectInfo> {
  const temporary = `${path}.${randomBytes(4).toString('hex')}.part`;
  const file = await orOutputFailed(path, open(temporary, 'wx'));
  try {
    if (mode !== undefined) await file.chmod(mode);
    const info = await writeInto(options, file, () => orOutputFailed(path, file.sync()));
    await orOutputFailed(path, rename(temporary, path));
    await orOutputFailed(path, syncFolder(dirname(path)).catch(ignoreDenied));
    return info;
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
}

async function writeInto(
  options: GetOptions,
  file: FileHandle,
  settle = async () => {},
): Promise<ObjectInfo> {
  const { signal } = options;
  try {
    const name = String(options.output);
    const info = await copy(options, (chunk) => {
      const written = writeAll(chunk, (rest) => file.write(rest));
      return untilAborted(orOutputFailed(name, written), signal);
    });
    await settle();
    return info;
  } finally {
    // It waits for a write, which may wait for a reader.
    await untilAborted(file.close(), signal);
  }
}

/** Of a folder that lets nobody look into it the file is there all the same, and whole. */
function ignoreDenied(error: unknown): void {
  if (!isErrno(error, 'EACCES', 'EPERM')) throw error;
}

async function copy(options: GetOptions, write: WriteChunk): Promise<ObjectInfo> {
  const { output: _, onProgress, ...rest } = options;
  const about = { verb: 'download', item: options.key, step: 1, steps: 1 } as const;
  let estimate: number | undefined;
  const { info, chunks } = await openDownload({
    ...{ ...rest, lend: true },
    onProgress: (moved) =>
      onProgress?.({ ...about, ...moved, streamBytes: moved.storedBytes, skippedBytes: 0, estimate }),
  });
  estimate = info.bytes;
  for await (const chunk of chunks) await write(chunk);
  return info;
}
