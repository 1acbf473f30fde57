import { readdir, rm } from 'node:fs/promises';
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
  for (const folder of (await readdir(tmpdir())).filter(isAbandoned)) {
    await rm(join(tmpdir(), folder), { recursive: true, force: true });
  }
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
