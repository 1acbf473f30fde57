import { WriteStream, write } from 'node:fs';
import { Socket } from 'node:net';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { Zfs3BackupError } from '../errors.ts';
import type { Output, OutputStream } from './output.ts';

const writeTo = promisify(write);

/** Resolves when the chunk was taken, and is free to change. Fails with OUTPUT_FAILED. */
export type WriteChunk = (chunk: Uint8Array) => Promise<void>;

export function createOutputWriter(output: Output, name = 'stdout'): WriteChunk {
  if ('descriptor' in output) {
    const { descriptor } = output;
    return (chunk) =>
      orOutputFailed(
        name,
        writeAll(chunk, (rest) => writeTo(descriptor, rest)),
      );
  }
  const isDone = keepsNothing(output);
  return (chunk) => orOutputFailed(name, writeChunk(output, isDone ? chunk : Buffer.from(chunk)));
}

/** A disk that becomes full takes a part, and tells only at the next write. */
export async function writeAll(
  chunk: Uint8Array,
  write: (rest: Uint8Array) => Promise<{ readonly bytesWritten: number }>,
): Promise<void> {
  for (let at = 0; at < chunk.byteLength; ) at += (await write(chunk.subarray(at))).bytesWritten;
}

/** What leads out of the process is done with the bytes when it says so; other streams may hand them on. */
function keepsNothing(stream: OutputStream): boolean {
  return stream instanceof Socket || stream instanceof WriteStream;
}

/** Resolves when the stream took the bytes: its buffer never holds more than one chunk of ours. */
function writeChunk(stream: OutputStream, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(chunk, (error) => (error ? reject(error) : resolve()));
  });
}

export async function orOutputFailed<Result>(name: string, work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (cause) {
    throw new Zfs3BackupError('OUTPUT_FAILED', `${name} cannot be written: ${whyNotWritten(cause, name)}`, {
      cause,
    });
  }
}

/** In a person's words where there are any: the system's name a file beside the output, of which nobody knows. */
export function whyNotWritten(cause: unknown, path: string): string {
  switch ((cause as NodeJS.ErrnoException | undefined)?.code) {
    case 'ENOENT':
      return `the folder ${dirname(path)} does not exist`;
    case 'ENOTDIR':
      return `${dirname(path)} is no folder`;
    case 'EISDIR':
      return 'it is a folder; name a file in it';
    case 'EACCES':
    case 'EPERM':
      return `this user may not write to it, or not into the folder ${dirname(path)}`;
    case 'EROFS':
      return 'its file system is read-only';
    case 'ENOSPC':
      return 'no space is left there';
    case 'EDQUOT':
      return "this user's quota there is used up";
    default:
      return cause instanceof Error ? cause.message : String(cause);
  }
}
