import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { isMainThread, threadId } from 'node:worker_threads';

/** Who makes an upload, told to whoever finds it later. */
export interface Writer {
  readonly host: string;
  /** Changes with each start of the machine; empty where the system does not tell. */
  readonly boot: string;
  readonly pid: number;
  /** Tells a process from a later one of the same number; empty where the system does not tell. */
  readonly started: string;
  /** Of a worker thread, which cannot see what the others of its process are at. */
  readonly thread?: number;
}

/** Uploads that this process is at; shared with other copies of this module, such as a bundle's. */
const AT_WORK = Symbol.for('zfs3backup.uploads');

/** Until the function that it returns is called, `readIsAtWork` says that this process is at it. */
export function startUploading({ uploadId }: { readonly uploadId: string }): () => void {
  atWork().add(uploadId);
  return () => atWork().delete(uploadId);
}

function atWork(): Set<string> {
  const shared = globalThis as { [AT_WORK]?: Set<string> };
  shared[AT_WORK] ??= new Set();
  return shared[AT_WORK];
}

/** This process, as a later one can recognise it. */
export async function readWriter(): Promise<Writer> {
  return {
    host: hostname(),
    boot: await readBoot(),
    pid: process.pid,
    started: await readStart(process.pid),
    ...(isMainThread ? {} : { thread: threadId }),
  };
}

/**
 * Whether a writer is at this upload still; `undefined` as for `readIsAlive`. A process that goes on living may have
 * left it long ago, as a service does whose backup was cancelled: of itself it knows.
 */
export async function readIsAtWork(writer: Writer, uploadId: string): Promise<boolean | undefined> {
  const isAlive = await readIsAlive(writer);
  if (isAlive !== true || writer.pid !== process.pid) return isAlive;
  return (writer.thread ?? 0) === threadId ? atWork().has(uploadId) : true;
}

/** `undefined` when it cannot be seen from here: another machine, or a container of its own. */
export async function readIsAlive(writer: Writer): Promise<boolean | undefined> {
  if (writer.host !== hostname()) return undefined;
  if (writer.boot !== (await readBoot())) return writer.boot === '' ? undefined : false;
  try {
    process.kill(writer.pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  const started = await readStart(writer.pid);
  return started === writer.started;
}

async function readBoot(): Promise<string> {
  return (await readText('/proc/sys/kernel/random/boot_id')).trim();
}

/** Field 22 of its line, in clock ticks since the start of the machine; the second field may hold blanks. */
async function readStart(pid: number): Promise<string> {
  const line = await readText(`/proc/${pid}/stat`);
  return line.slice(line.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
