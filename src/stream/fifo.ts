import { closeSync, constants, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProcess } from './run-process.ts';

/** Two descriptors of one pipe, both for blocking programs: who reads or writes them by Node sets that aside. */
export interface Fifo {
  readonly reader: number;
  readonly writer: number;
}

/**
 * Pipes without anyone at them yet; `undefined` where there cannot be any, such as without a folder for temporary
 * files. Node has no call for a pipe without a name, so they have one for a moment.
 */
export async function openFifos(count: number, temporary = tmpdir()): Promise<Fifo[] | undefined> {
  let folder: string | undefined;
  const opened: Fifo[] = [];
  try {
    folder = await mkdtemp(join(temporary, 'zfs3backup-'));
    const paths = Array.from({ length: count }, (_, n) => join(folder ?? '', `pipe-${n}`));
    await runProcess(['mkfifo', '-m', '600', ...paths]);
    for (const path of paths) opened.push(openBothEnds(path));
    return opened;
  } catch {
    for (const { reader, writer } of opened) for (const fd of [reader, writer]) closeSync(fd);
    return undefined;
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true }).catch(() => {});
  }
}

function openBothEnds(path: string): Fifo {
  // Opened for one direction, it would wait for somebody at the other end.
  const both = openSync(path, constants.O_RDWR);
  try {
    const reader = openSync(path, constants.O_RDONLY);
    try {
      return { reader, writer: openSync(path, constants.O_WRONLY) };
    } catch (error) {
      closeSync(reader);
      throw error;
    }
  } finally {
    closeSync(both);
  }
}
