import { type FileHandle, open } from 'node:fs/promises';
import { StoreError } from '../errors.ts';
import { asStoreError } from './directory-errors.ts';
import { shortFile } from './directory-files.ts';
import type { StoredFile } from './directory-objects.ts';
import type { GetIntoOptions, GetOptions, ObjectBody, ObjectInfo } from './object-store.ts';

/** So much at a time, so that an abort is soon noticed. */
const READ_BYTES = 1024 * 1024;

export function openBody(
  root: string,
  key: string,
  found: StoredFile | undefined,
  { range, ifMatch, signal }: GetOptions,
): ObjectBody {
  const { file, first, end } = locate(root, key, found, ifMatch, range);
  async function* read(): AsyncGenerator<Uint8Array> {
    try {
      await using handle = await openUnchanged(root, key, file);
      for (let position = first; position < end; ) {
        signal?.throwIfAborted();
        const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, end - position));
        const bytes = await readSome(handle, buffer, position);
        position += bytes;
        yield buffer.subarray(0, bytes);
      }
    } catch (error) {
      throw asStoreError(error, root, 'get', key);
    }
  }
  return { info: file.info, bytes: end - first, chunks: read() };
}

export async function readInto(
  root: string,
  key: string,
  found: StoredFile | undefined,
  into: Uint8Array,
  options: GetIntoOptions,
): Promise<{ info: ObjectInfo; bytes: number }> {
  const range = { first: options.first, last: options.first + into.byteLength - 1 };
  const { file, first, end } = locate(root, key, found, options.ifMatch, range);
  await using handle = await openUnchanged(root, key, file);
  const bytes = end - first;
  for (let filled = 0; filled < bytes; ) {
    options.signal?.throwIfAborted();
    const room = into.subarray(filled, Math.min(filled + READ_BYTES, bytes));
    filled += await readSome(handle, room, first + filled);
    options.onBytes?.(filled);
  }
  return { info: file.info, bytes };
}

/** The bytes of the range that are there, `end` being the one behind the last. */
function locate(
  root: string,
  key: string,
  found: StoredFile | undefined,
  ifMatch: string | undefined,
  range: GetOptions['range'],
): { readonly file: StoredFile; readonly first: number; readonly end: number } {
  if (found === undefined) throw refusal(root, key, 'NO_SUCH_KEY', 'no such object', 404);
  const { info } = found;
  if (ifMatch !== undefined && ifMatch !== info.etag) {
    const what = `was replaced: its ETag is ${info.etag ?? 'unknown'}, not ${ifMatch}`;
    throw refusal(root, key, 'MISMATCH', what, 412);
  }
  const first = range?.first ?? 0;
  const end = Math.min(info.bytes, (range?.last ?? info.bytes) + 1);
  if (range !== undefined && first >= end) {
    throw refusal(root, key, 'STORE_FAILED', `has ${info.bytes} bytes, none from ${first}`, 416);
  }
  return { file: found, first, end };
}

async function openUnchanged(root: string, key: string, { path, stats }: StoredFile): Promise<FileHandle> {
  const handle = await open(path, 'r');
  const now = await handle.stat({ bigint: true });
  if (now.ino === stats.ino && now.mtimeNs === stats.mtimeNs) return handle;
  await handle.close();
  throw refusal(root, key, 'MISMATCH', 'was replaced before it was read', 412);
}

async function readSome(handle: FileHandle, into: Uint8Array, position: number): Promise<number> {
  const { bytesRead } = await handle.read(into, 0, into.byteLength, position);
  if (bytesRead === 0) throw shortFile(into.byteLength);
  return bytesRead;
}

function refusal(
  root: string,
  key: string,
  code: 'NO_SUCH_KEY' | 'MISMATCH' | 'STORE_FAILED',
  message: string,
  status: number,
): StoreError {
  const failure = { operation: 'get', key, status, retryable: false };
  return new StoreError(code, `file://${root}: ${key}: ${message}`, failure);
}
