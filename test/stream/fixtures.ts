import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, constants, openSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll } from 'vitest';

/** The path of a program in `test/fixtures`. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
}

export async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  // Copied at once, so that a buffer that is written again later shows up as wrong bytes.
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

export async function* chunksOf(
  ...chunks: readonly (Uint8Array | string)[]
): AsyncGenerator<Uint8Array, void> {
  for (const chunk of chunks) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}

/** Yields chunks, then throws. */
export async function* failingAfter(
  error: Error,
  ...chunks: readonly (Uint8Array | string)[]
): AsyncGenerator<Uint8Array, void> {
  yield* chunksOf(...chunks);
  throw error;
}

/** `data` cut at these lengths, again and again. */
export async function* cutAt(data: Uint8Array, lengths: readonly number[]): AsyncGenerator<Uint8Array, void> {
  let at = 0;
  for (let turn = 0; at < data.byteLength; turn++) {
    const length = lengths[turn % lengths.length] ?? 1;
    yield data.subarray(at, at + length);
    at += length;
  }
}

/** What `run` throws. */
export async function thrownBy(run: () => Promise<unknown>): Promise<unknown> {
  try {
    await run();
  } catch (error) {
    return error;
  }
  throw new Error('Expected an error, and there was none');
}

const made: string[] = [];
// Registered by whichever file imports this, and run behind its own hooks.
afterAll(async () => {
  for (const folder of made) await rm(folder, { recursive: true, force: true });
});

/** Gone when the tests of the file are. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'zfs3backup-test-'));
  made.push(folder);
  return folder;
}

/** A pipe in a folder: the descriptor to read from, and one to write to. */
export async function makePipe(folder: string): Promise<{ fd: number; writer: number }> {
  const path = join(folder, `pipe-${randomBytes(4).toString('hex')}`);
  await promisify(execFile)('mkfifo', [path]);
  // Opened both ways, it does not wait for somebody at the other end.
  const keep = openSync(path, constants.O_RDWR);
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, constants.O_WRONLY);
  closeSync(keep);
  return { fd, writer };
}

/** The children of this process, zombies among them. */
export async function childPids(): Promise<number[]> {
  const pids: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (Number(parent) === process.pid) pids.push(Number(name));
  }
  return pids;
}

/** Open file descriptors of this process. */
export async function countDescriptors(): Promise<number> {
  return (await readdir('/proc/self/fd')).length;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Waits until `look` finds something. */
export async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let turn = 0; turn < 500; turn++) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('It did not happen within 5 s');
}

export function readWhenThere(path: string): Promise<string> {
  return eventually(() =>
    readFile(path, 'utf8').then(
      (text) => text || undefined,
      () => undefined,
    ),
  );
}
