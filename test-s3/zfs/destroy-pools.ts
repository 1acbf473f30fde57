import { readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { execa } from 'execa';

// the process's number tells a pool in use from one that a killed run left behind
export const POOL_PREFIX = `z3b-test-${process.pid}-`;
const NAME = /^z3b-test-(\d+)-/;

/** Destroys the pools and folders of runs that were killed. */
export async function destroyAbandonedPools(): Promise<void> {
  const { stdout } = await execa('zpool', ['list', '-H', '-o', 'name']);
  for (const pool of stdout.split('\n').filter(isAbandoned)) await destroyPool(pool);
  for (const name of (await readdir(tmpdir())).filter(isAbandoned)) {
    const folder = join(tmpdir(), name);
    await unmountBelow(folder);
    await rm(folder, { recursive: true, force: true });
  }
}

/** A daemon that was killed leaves its mounts behind: they answer nobody, and what is below cannot be removed. */
async function unmountBelow(folder: string): Promise<void> {
  const mounts = await readFile('/proc/self/mounts', 'utf8');
  const places = mounts.split('\n').map((line) => decodeMountpoint(line.split(' ')[1] ?? ''));
  const below = places.filter((place) => place.startsWith(`${folder}/`));
  // those mounted last stand on those before
  for (const place of below.reverse()) await execa('umount', ['--lazy', place]);
}

/** The kernel writes blanks and backslashes of a path as octal numbers. */
function decodeMountpoint(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function isAbandoned(name: string): boolean {
  const pid = NAME.exec(name)?.[1];
  return pid !== undefined && !isAlive(Number(pid));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Tries for a while: a `zfs send` that was just killed keeps its dataset busy for a moment. */
export async function destroyPool(name: string, attempts = 20): Promise<void> {
  const { failed, stderr } = await execa('zpool', ['destroy', '-f', name], { reject: false });
  if (!failed || /no such pool/.test(stderr)) return;
  if (attempts === 1) throw new Error(`pool ${name} cannot be destroyed: ${stderr}`);
  await setTimeout(250);
  return destroyPool(name, attempts - 1);
}
