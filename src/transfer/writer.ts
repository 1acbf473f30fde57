import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';

/** Who makes an upload, told to whoever finds it later. */
export interface Writer {
  readonly host: string;
  /** Changes with each start of the machine; empty where the system does not tell. */
  readonly boot: string;
  readonly pid: number;
  /** Tells a process from a later one of the same number; empty where the system does not tell. */
  readonly started: string;
}

/** This process, as a later one can recognise it. */
export async function readWriter(): Promise<Writer> {
  return {
    host: hostname(),
    boot: await readBoot(),
    pid: process.pid,
    started: await readStart(process.pid),
  };
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
