import { spawnSync } from 'node:child_process';
import { access, mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { destroyAbandonedPools } from '../zfs/destroy-pools.ts';

it('removes the folder of a run that was killed although something is still mounted in it', async () => {
  const { pid } = spawnSync('true');
  const folder = await mkdtemp(join(tmpdir(), `z3b-test-${pid}-`));
  for (const place of ['mnt', 'mnt/with blank', 'mnt/with blank/below']) {
    await mkdir(join(folder, place));
    await execa('mount', ['-t', 'tmpfs', 'none', join(folder, place)]);
  }
  await destroyAbandonedPools();
  await expect(access(folder)).rejects.toThrow('ENOENT');
});
