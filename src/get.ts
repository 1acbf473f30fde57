import { randomBytes } from 'node:crypto';
import { WriteStream, write } from 'node:fs';
import { type FileHandle, open, realpath, rename, stat, unlink } from 'node:fs/promises';
import { Socket } from 'node:net';
import { dirname } from 'node:path';
import type { Writable } from 'node:stream';
import { promisify } from 'node:util';
import { Zfs3BackupError } from './errors.ts';
import type { Logger } from './logger.ts';
import type { OnProgress } from './progress.ts';
import type { ObjectStore } from './store/object-store.ts';
import { openDownload } from './transfer/download.ts';

const writeTo = promisify(write);

export interface GetOptions {
  readonly store: ObjectStore;
  /** The whole key: no prefix is put before it. */
  readonly key: string;
  /**
   * Where the bytes go: a stream or an open file, which stay open, or the path of a file. A file that is there is
   * replaced, and only once the object has arrived whole; what is no regular file (`/dev/…`, a named pipe) is written
   * into.
   */
  readonly output: Writable | OpenFile | string;
  /** Parts in flight at most. */
  readonly concurrency?: number;
  /** Bytes for all buffers together; 256 MiB if not given. */
  readonly maxMemory?: number;
  readonly maxRetries?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  readonly logger?: Logger;
}

/** A file or device that is open for writing; on with it from where it is. */
export interface OpenFile {
  readonly descriptor: number;
}

/**
 * Brings an object's bytes back as they are stored. Fails with NO_SUCH_KEY, OUTPUT_FAILED, MISMATCH when fewer or
 * other bytes arrive than the store announced, or a `StoreError`; a stream has then got a part of the bytes.
 */
export async function get(options: GetOptions): Promise<void> {
  const { output } = options;
  if (typeof output !== 'string' && 'descriptor' in output) {
    return copy(options, (chunk) => writeAll(chunk, (rest) => writeTo(output.descriptor, rest)));
  }
  if (typeof output !== 'string')
    return copy(options, (chunk) => writeChunk(output, chunk), keepsNothing(output));
  const target = await orOutputFailed(output, readTarget(output));
  if (target.kind === 'special') return writeInto(options, await orOutputFailed(output, open(output, 'w')));
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

/** Beside the file first, so that the rename at the end is one step on one file system. */
async function replaceFile(options: GetOptions, path: string, mode: number | undefined): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString('hex')}.part`;
  const file = await orOutputFailed(path, open(temporary, 'wx'));
  try {
    if (mode !== undefined) await file.chmod(mode);
    await writeInto(options, file, () => orOutputFailed(path, file.sync()));
    await orOutputFailed(path, rename(temporary, path));
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
  await syncFolder(dirname(path));
}

async function writeInto(options: GetOptions, file: FileHandle, settle = async () => {}): Promise<void> {
  try {
    await copy(options, (chunk) => writeAll(chunk, (rest) => file.write(rest)));
    await settle();
  } finally {
    await file.close();
  }
}

/** A disk that becomes full takes a part, and tells only at the next write. */
async function writeAll(
  chunk: Uint8Array,
  write: (rest: Uint8Array) => Promise<{ readonly bytesWritten: number }>,
): Promise<void> {
  for (let at = 0; at < chunk.byteLength; ) at += (await write(chunk.subarray(at))).bytesWritten;
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** `lend`: whether the bytes may change when `write` is done with them. */
async function copy(
  options: GetOptions,
  write: (chunk: Uint8Array) => Promise<void>,
  lend = true,
): Promise<void> {
  const { output, onProgress, ...rest } = options;
  const name = typeof output === 'string' ? output : 'stdout';
  const about = { verb: 'download', item: options.key, step: 1, steps: 1 } as const;
  let estimate: number | undefined;
  const { info, chunks } = await openDownload({
    ...{ ...rest, lend },
    onProgress: (moved) =>
      onProgress?.({ ...about, ...moved, streamBytes: moved.storedBytes, skippedBytes: 0, estimate }),
  });
  estimate = info.bytes;
  for await (const chunk of chunks) await orOutputFailed(name, write(chunk));
}

/** What leads out of the process is done with the bytes when it says so; other streams may hand them on. */
function keepsNothing(stream: Writable): boolean {
  return stream instanceof Socket || stream instanceof WriteStream;
}

/** Resolves when the stream took the bytes: its buffer never holds more than one chunk of ours. */
function writeChunk(stream: Writable, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(chunk, (error) => (error ? reject(error) : resolve()));
  });
}

async function orOutputFailed<Result>(name: string, work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Zfs3BackupError('OUTPUT_FAILED', `${name} cannot be written: ${why}`, { cause });
  }
}
