import { WriteStream, write } from 'node:fs';
import { Socket } from 'node:net';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { Zfs3BackupError } from '../errors.ts';
import { untilAborted } from '../stream/until-aborted.ts';
import type { Output, OutputStream } from './output.ts';
import { watchStream } from './watch-stream.ts';

const STDOUT = 1;
const writeTo = promisify(write);

/** Resolves when the chunk was taken, and is free to change. Fails with OUTPUT_FAILED, or the signal's reason. */
export type WriteChunk = (chunk: Uint8Array) => Promise<void>;

/**
 * Does work that writes to `output`, and stays with it for as long: an output that fails fails the work and nothing
 * else, and one that takes nothing is left at once when the signal aborts. A chunk that it holds then may change.
 */
export async function writingTo<Result>(
  output: Output,
  signal: AbortSignal | undefined,
  work: (write: WriteChunk) => Promise<Result>,
): Promise<Result> {
  const name = nameOf(output);
  if ('descriptor' in output) {
    const { descriptor } = output;
    const write = (chunk: Uint8Array) => writeAll(chunk, (rest) => writeTo(descriptor, rest));
    return work((chunk) => untilAborted(orNotTaken(name, write(chunk)), signal));
  }
  const isDone = keepsNothing(output);
  const stream = watchStream(output);
  try {
    const result = await work((chunk) => {
      const written = stream.write(isDone ? chunk : Buffer.from(chunk));
      return untilAborted(orNotTaken(name, written), signal);
    });
    await orNotTaken(name, stream.demandWell());
    return result;
  } finally {
    stream.leave();
  }
}

function nameOf(output: Output & { readonly fd?: unknown }): string {
  const descriptor = 'descriptor' in output ? output.descriptor : output.fd;
  return descriptor === STDOUT ? 'stdout' : 'the output';
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

/** `path` is what the work writes to. */
export async function orOutputFailed<Result>(path: string, work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (cause) {
    throw outputFailed(path, cause, path);
  }
}

/** Of an output that somebody else opened only the system may tell the path. */
async function orNotTaken(name: string, work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (cause) {
    const { path } = (cause ?? {}) as NodeJS.ErrnoException;
    throw outputFailed(name, cause, typeof path === 'string' ? path : undefined);
  }
}

function outputFailed(name: string, cause: unknown, path: string | undefined): Zfs3BackupError {
  const why = whyNotWritten(cause, path);
  return new Zfs3BackupError('OUTPUT_FAILED', `${name} cannot be written: ${why}`, { cause });
}

/** In a person's words where there are any: the system's name a file beside the output, of which nobody knows. */
export function whyNotWritten(cause: unknown, path: string | undefined): string {
  const folder = path === undefined ? 'that it is in' : dirname(path);
  switch ((cause as NodeJS.ErrnoException | undefined)?.code) {
    case 'ENOENT':
      return `the folder ${folder} does not exist`;
    case 'ENOTDIR':
      return `${folder} is no folder`;
    case 'EISDIR':
      return 'it is a folder; name a file in it';
    case 'EACCES':
    case 'EPERM':
      return `this user may not write to it, or not into the folder ${folder}`;
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
