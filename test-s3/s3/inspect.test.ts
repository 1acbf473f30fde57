import { beforeAll, describe, expect, it } from 'vitest';
import { type Cli, createCli } from '../main/run-cli.ts';
import { createTestDataset, type TestDataset } from '../main/test-dataset.ts';
import { createTestPool, type TestPool } from '../zfs/test-pool.ts';
import { type CliStore, createCliStore } from './cli-store.ts';

const MIB = 1024 ** 2;

let pool: TestPool;
let job: CliStore;
let cli: Cli;
let data: TestDataset;

beforeAll(async () => {
  pool = await createTestPool();
  job = await createCliStore();
  cli = await createCli(job.env);
  data = await createTestDataset(pool, 'data');
  await data.snapshot('1', 12 * MIB);
  await data.snapshot('2', 3 * MIB);
});

async function left(key: string) {
  return { object: await job.store.head(key), uploads: await job.store.openUploads(key) };
}

const NOTHING = { object: undefined, uploads: [] };

describe('a zfs send that is cut off in a pipe', () => {
  const cuts = [
    ['within the first part', '1000'],
    ['at the end of a part', `${5 * MIB}`],
    ['in the last part', '-1'],
    ['by its END', '-312'],
  ] as const;
  const filters = [
    ['plain', ''],
    ['through zstd', '| zstd -q'],
    ['through gzip', '| gzip -1'],
  ] as const;

  it.each(
    filters.flatMap(([name, filter]) => cuts.map(([where, bytes]) => ({ name, filter, where, bytes }))),
  )('leaves neither object nor upload, and exits with 3: $where, $name', async ({ filter, bytes }) => {
    const key = `cut/${bytes}${filter}`;
    // The shell does not tell of head's reader leaving zfs, which is what a killed zfs send looks like.
    const line = `set +o pipefail; zfs send '${data.name}@1' | head -c ${bytes} ${filter} | pput '${key}' -s 5M`;
    const { status, stdout, stderr } = await cli.shell(line);
    expect([status, stdout]).toEqual([3, '']);
    expect(stderr).toMatch(/The ZFS send stream.* is truncated after \d+ bytes/);
    expect(stderr).toContain('what to do: ');
    expect(await left(key)).toEqual(NOTHING);
  });

  it.each(filters.slice(1))('leaves nothing when its %s data is cut off', async (_, filter) => {
    const key = `cut behind${filter}`;
    const line = `set +o pipefail; zfs send '${data.name}@1' ${filter} | head -c ${7 * MIB} | pput '${key}' -s 5M`;
    const { status, stderr } = await cli.shell(line);
    expect([status, stderr]).toEqual([
      3,
      expect.stringContaining(`stream is truncated after ${7 * MIB} bytes`),
    ]);
    expect(await left(key)).toEqual(NOTHING);
  });

  it('leaves nothing when it is killed', async () => {
    const key = 'killed';
    const slowly = `(zfs send '${data.name}@1' & echo $! >&3; wait) 3>/dev/null`;
    const kill = `{ ${slowly} | head -c ${6 * MIB}; kill -9 $BASHPID; }`;
    const { status } = await cli.shell(`set +o pipefail; ${kill} | pput ${key} -s 5M`);
    expect(status).toBe(3);
    expect(await left(key)).toEqual(NOTHING);
  });

  it('and then stores the whole, which can be received', async () => {
    for (const [name, filter, decode] of [
      ['plain', '', 'cat'],
      ['zstd', '| zstd -q', 'zstd -dq'],
      ['gzip', '| gzip -1', 'gzip -d'],
    ] as const) {
      const key = `whole/${name}`;
      const stored = await cli.shell(
        `zfs send '${data.name}@1' ${filter} | pput ${key} -s 5M --expect zfs --json --quiet`,
      );
      expect(stored).toMatchObject({ status: 0, stderr: '' });
      expect(JSON.parse(stored.stdout)).toMatchObject({ stream: name === 'plain' ? 'zfs' : name });
      const got = await cli.shell(`zfs3backup_get ${key} | ${decode} | zfs receive -u ${pool.name}/${name}`);
      expect(got.status).toBe(0);
      expect(await pool.zfs('list', '-H', '-o', 'name', `${pool.name}/${name}@1`)).toContain('@1');
    }
  });
});

describe('backup and restore', () => {
  it('store nothing of another snapshot than the one that was to be sent', async () => {
    // Between the plan and the sending somebody takes it anew.
    const { stdout: zfs } = await cli.shell('command -v zfs');
    const swap = `#!/bin/sh\nif [ "$1" = send ] && [ "$2" != -nvP ]; then
${zfs} destroy '${data.name}@2' && ${zfs} snapshot '${data.name}@2'; fi\nexec ${zfs} "$@"\n`;
    const other = await cli.withProgram('zfs', swap);
    const words = ['--dataset', data.name, '--snapshot-prefix', '', '--compressor', 'none', '--no-holds'];
    const { status, stderr } = await other.zfs3backup('backup', ...words);
    expect([status, stderr]).toEqual([
      3,
      expect.stringMatching(/@2 \(guid \d+\) was to be sent, and the stream is/),
    ]);
    const key = `zfs3backup-backup/${data.name}@2`;
    expect(await left(key)).toEqual(NOTHING);
    expect((await cli.zfs3backup('backup', ...words)).status).toBe(0);
    expect((await left(key)).object).toBeDefined();
  });

  it('refuse to receive what was stored cut short, before any harm, and name what to do', async () => {
    const key = `zfs3backup-backup/${data.name}-old@1`;
    const put = `pput '${key}' --meta isfull=true --expect none --quiet`;
    await cli.shell(`set +o pipefail; zfs send '${data.name}@1' | head -c ${4 * MIB} | ${put}`);
    const { status, stderr } = await cli.zfs3backup('restore', `${data.name}-old@1`, '--snapshot-prefix', '');
    expect([status, stderr]).toEqual([3, expect.stringContaining(`is truncated after ${4 * MIB} bytes`)]);
    expect(stderr).toContain('restore from another backup');
    await expect(pool.zfs('list', `${data.name}-old@1`)).rejects.toThrow('does not exist');
  });
});
