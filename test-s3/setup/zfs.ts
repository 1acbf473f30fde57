import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { destroyAbandonedPools } from '../zfs/destroy-pools.ts';

const SCRIPT = fileURLToPath(new URL('../zfs-fuse.sh', import.meta.url));

/** vitest's global set-up: a ZFS that works, and none of the pools that a killed run left behind. */
export async function setup(): Promise<void> {
  const { stdout } = await execa(SCRIPT, ['start', `${process.pid}`], { stdin: 'ignore' });
  console.error(`ZFS: ${stdout}`);
  await destroyAbandonedPools();
}

/** Ends the daemon if `setup` started it and no other run needs it. */
export async function teardown(): Promise<void> {
  await execa(SCRIPT, ['stop', `${process.pid}`], { stdin: 'ignore' });
}
