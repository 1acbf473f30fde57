import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runZfs3backup } from '../../src/cli/main.ts';
import { createDirectoryStore } from '../../src/store/directory-store.ts';
import { fakeZfs } from './fake-zfs.ts';
import { type CliResult, runCli } from './run-cli.ts';

/** As z3 was packaged. */
const Z3_CONF = '[main]\nCHUNK_SIZE=256M\nCONCURRENCY=64\nSNAPSHOT_PREFIX=daily\n';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'z3b-z3-'));
  path = join(folder, 'store');
  await mkdir(path);
  await writeFile(join(folder, 'zfs3backup.conf'), Z3_CONF, { mode: 0o600 });
});
afterEach(() => rm(folder, { recursive: true }));

function run(...argv: readonly string[]): Promise<CliResult> {
  const env = {
    ...{ SKIP_CONFIG_FILE: 'false', ZFS3BACKUP_CONFIG: join(folder, 'zfs3backup.conf') },
    ...{ ZFS3BACKUP_STORE: `file://${path}`, FILESYSTEM: 'tank/a' },
  };
  return runCli(runZfs3backup, argv, { env });
}

describe('a file of z3’s with parts as big as the memory', () => {
  it.each(['zstd', 'gzip', 'none'])('makes backups with %s', async (compressor) => {
    await fakeZfs(folder, { 'tank/a': ['daily-1'] });
    const dry = await run('backup', '--dry-run', '--compressor', compressor);
    expect(dry).toMatchObject({ status: 0 });
    const { status, stderr } = await run('backup', '--compressor', compressor);
    expect([status, stderr]).toEqual([0, expect.stringContaining('1 part in flight instead of 64')]);
    if (compressor === 'zstd') {
      expect(stderr).toMatch(
        /parts of \d+ MiB instead of 256 MiB: the compressor has its share of the memory/,
      );
    }
    const store = createDirectoryStore({ path, prefix: 'zfs3backup-backup/' });
    expect(await store.head('zfs3backup-backup/tank/a@daily-1')).toBeDefined();
  });
});
