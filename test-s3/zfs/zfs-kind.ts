import { execa } from 'execa';

/** Which ZFS the tests meet; what it must be able to do follows from it, so that nothing is skipped silently. */
export const zfsKind = await readZfsKind();

async function readZfsKind(): Promise<'OpenZFS' | 'zfs-fuse'> {
  const { exitCode, stdout } = await execa('zfs', ['version'], { reject: false });
  const kind = exitCode === 0 && stdout.startsWith('zfs-') ? 'OpenZFS' : 'zfs-fuse';
  const expected = process.env['ZFS3BACKUP_TEST_ZFS'];
  if (expected !== undefined && expected !== kind) {
    throw new Error(`ZFS3BACKUP_TEST_ZFS says ${expected}, but this is ${kind}`);
  }
  return kind;
}
