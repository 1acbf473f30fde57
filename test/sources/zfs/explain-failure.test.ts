import { describe, expect, it } from 'vitest';
import { ProcessFailedError, type Zfs3BackupError } from '../../../src/errors.ts';
import { explainFailure, isMissingDataset } from '../../../src/sources/zfs/explain-failure.ts';

function failure(stderr: string, exitCode = 1): ProcessFailedError {
  return new ProcessFailedError({ command: ['zfs', 'get'], exitCode, stderr });
}

describe('explainFailure', () => {
  it.each([
    [
      "The ZFS modules cannot be auto-loaded.\nTry running 'modprobe zfs' as root to manually load them.",
      /modprobe zfs/,
    ],
    [
      "The ZFS modules are not loaded.\nTry running '/sbin/modprobe zfs' as root to load them.",
      /modprobe zfs/,
    ],
    ['Unable to open /dev/zfs: Permission denied.', /\/dev\/zfs|modprobe/],
    ['internal error: failed to initialize ZFS library', /modprobe zfs/],
    ['Failed to initialize the libzfs library.', /modprobe zfs/],
    ['connect: No such file or directory\nPlease make sure that the zfs-fuse daemon is running.', /zfs-fuse/],
  ])('says PROGRAM_MISSING with advice for %j', (words, advice) => {
    const explained = explainFailure(failure(words));
    expect(explained).toMatchObject({ code: 'PROGRAM_MISSING', advice: expect.stringMatching(advice) });
    expect((explained as Error).message).toContain(words);
  });

  it('says PROGRAM_MISSING when a shell did not find the program', () => {
    expect(explainFailure(failure('sh: zfs: not found', 127))).toMatchObject({
      code: 'PROGRAM_MISSING',
      advice: expect.stringContaining('zfsutils-linux'),
    });
  });

  it.each([
    [
      "cannot receive new filesystem stream: destination 'xp/b' exists\nmust specify -F to overwrite it",
      /forc/,
    ],
    ["cannot create 'xp/new/a': permission denied", /zfs allow/],
    ["cannot open 'xp/new': dataset does not exist", /`zfs create -p xp\/new`.*`zpool list`/],
  ])('keeps the words of a failed receive and adds advice: %j', (words, advice) => {
    const explained = explainFailure(failure(words), { target: 'xp/new/a' });
    expect(explained).toMatchObject({ code: 'PROCESS_FAILED', stderr: words, exitCode: 1 });
    expect((explained as Zfs3BackupError).advice).toMatch(advice);
  });

  it('says that data would be lost where a receive was refused for what was written', () => {
    const words =
      'cannot receive incremental stream: destination xp/c has been modified\nsince most recent snapshot';
    const refused = failure(words);
    const explained = explainFailure(refused, { target: 'xp/c' });
    expect(explained).toMatchObject({ code: 'WOULD_LOSE_DATA', cause: refused });
    expect((explained as Error).message).toContain(words);
    expect((explained as Zfs3BackupError).advice).toMatch(/--to .* --force: xp\/c .* is lost/);
    expect(explainFailure(refused)).toBe(refused);
  });

  it('does not advise to create a dataset for a missing pool', () => {
    const gone = failure("cannot open 'nopool/x': dataset does not exist");
    const { advice } = explainFailure(gone, { target: 'nopool/x' }) as Zfs3BackupError;
    expect(advice).toMatch(/`zpool list`.*nopool must be one of them/);
    expect(advice).not.toContain('zfs create');
    expect(
      explainFailure(failure("cannot open 'xp': dataset does not exist"), { target: 'xp' }),
    ).toMatchObject({
      advice: undefined,
    });
  });

  it('passes other errors on', () => {
    const other = new Error('bug');
    expect(explainFailure(other)).toBe(other);
    const unknown = failure('internal error: out of cheese');
    expect(explainFailure(unknown)).toBe(unknown);
  });
});

describe('isMissingDataset', () => {
  it.each([
    "cannot open 'tank/nope': dataset does not exist",
    "cannot open 'nopool': no such pool 'nopool'",
    "cannot open 'xp/no+pe': invalid character '+' in name",
    "cannot open 'xp/': trailing slash in name",
    "cannot open 'xp//a': empty component or misplaced '@' or '#' delimiter in name",
    "cannot open 'xp//a': invalid dataset name",
  ])('knows %j', (words) => {
    expect(isMissingDataset(failure(words))).toBe(true);
  });

  it.each([
    "cannot open 'tank': permission denied",
    "cannot open 'tank': pool I/O is currently suspended",
    "cannot open 'tank/dataset does not exist': permission denied",
  ])('is not fooled by %j', (words) => {
    expect(isMissingDataset(failure(words))).toBe(false);
  });
});
