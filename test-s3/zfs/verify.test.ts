import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { backup } from '../../src/backup.ts';
import { createFilterRegistry } from '../../src/filters/registry.ts';
import { createZfsSource } from '../../src/sources/zfs/zfs-source.ts';
import { createDirectoryStore } from '../../src/store/directory-store.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { type VerifyOptions, verify } from '../../src/verify.ts';
import { AS_BYTES } from '../as-bytes.ts';
import { createTestDataset, type TestDataset } from '../main/test-dataset.ts';
import { createTestFolder } from '../test-folder.ts';
import { createEncryptedDataset } from './encrypted-dataset.ts';
import { createTestPool, type TestPool } from './test-pool.ts';
import { zfsKind } from './zfs-kind.ts';

const source = createZfsSource();
const filters = createFilterRegistry();
const KEYS = 'zfs3backup-backup';
let pool: TestPool;
let data: TestDataset;
let folder: string;
let store: ObjectStore;

beforeAll(async () => {
  pool = await createTestPool();
  data = await createTestDataset(pool, 'data');
  for (const name of ['first', 'second', 'third']) await data.snapshot(name, 300_000);
  folder = await createTestFolder('verify');
  store = createDirectoryStore({ path: folder, prefix: `${KEYS}/` });
  const filter = filters.find('zstd');
  await backup({ store, source, dataset: data.name, history: true, ...(filter ? { filter } : {}) });
  await pool.zfs('create', '-o', 'canmount=off', `${pool.name}/scratch`);
});

const options = (): VerifyOptions => ({ store, filters, source, level: 3 });

const check = (more: Partial<VerifyOptions> = {}) =>
  verify({ ...options(), dataset: data.name, scratch: `${pool.name}/scratch`, ...more });

const datasets = async () => (await pool.zfs('list', '-H', '-o', 'name', '-r', pool.name)).split('\n');

const untouched = () => [pool.name, `${pool.name}/data`, `${pool.name}/scratch`];

describe('a restore for a trial', () => {
  it('receives the chain, compares the guids, and leaves neither dataset nor mount', async () => {
    const { backups } = await check();
    expect(backups.map(({ snapshot, verdict, level, notes }) => [snapshot, verdict, level, notes])).toEqual(
      ['first', 'second', 'third'].map((name) => [name, 'ok', 3, []]),
    );
    expect(await datasets()).toEqual(untouched());
    expect(await readFile('/proc/mounts', 'utf8')).not.toContain('zfs3backup-verify');
  });

  it('tells what ZFS refuses, and destroys what came before it', async () => {
    const key = `${KEYS}/${data.name}@second`;
    const file = join(folder, key);
    const whole = await readFile(file);
    // The stream of another dataset's snapshots, whole by itself.
    const other = await createTestDataset(pool, 'other');
    for (const name of ['first', 'second']) await other.snapshot(name);
    const { stdout } = await execa('zfs', ['send', '-i', '@first', `${other.name}@second`], AS_BYTES);
    const metadata = (await store.head(key))?.metadata ?? {};
    const { compressor: _, ...plain } = metadata;
    await store.put(key, stdout, { metadata: plain });
    const { backups } = await check();
    await store.put(key, whole, { metadata });
    await pool.destroyDataset(other.name);
    expect(backups.map(({ verdict }) => verdict)).toEqual(['ok', 'damaged', 'not restorable']);
    expect(backups[1]?.findings.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['size', 'identity', 'receive']),
    );
    expect(await datasets()).toEqual(untouched());
  });

  it('leaves nothing when it is interrupted in the middle of a stream', async () => {
    const interrupt = new AbortController();
    const outcome = check({
      signal: interrupt.signal,
      onProgress: ({ item, streamBytes }) => {
        if (item.endsWith('@second') && streamBytes > 0) interrupt.abort(new Error('enough'));
      },
    });
    await expect(outcome).rejects.toThrow('enough');
    expect(await datasets()).toEqual(untouched());
  });
});

it('needs no key for what is encrypted, and takes no mount point that a stream brings', async () => {
  const secret = `${pool.name}/secret`;
  const encrypted = zfsKind === 'OpenZFS' ? await createEncryptedDataset(pool, 'secret') : undefined;
  if (!encrypted) await pool.zfs('create', secret);
  await writeFile(join(pool.mountpoint, 'secret', 'file'), Buffer.alloc(200_000, 'secret'));
  await pool.zfs('snapshot', `${secret}@s`);
  await encrypted?.lock();
  // zfs-fuse mounts whatever it receives, where the stream says: there the flag stays away.
  const sendFlags = zfsKind === 'OpenZFS' ? ['-p'] : [];
  await backup({ store, source, dataset: secret, sendFlags, holds: false, bookmarks: false });
  const { backups } = await check({ dataset: secret });
  expect(backups.map(({ verdict, level }) => [verdict, level])).toEqual([['ok', 3]]);
  await pool.destroyDataset(secret);
  expect(await datasets()).toEqual(untouched());
  await store.remove(`${KEYS}/${secret}@s`);
});

describe('zfs receive -n', () => {
  const streams = async () => {
    const { stdout: full } = await execa('zfs', ['send', `${data.name}@first`], AS_BYTES);
    return { full };
  };
  const rehearse = async (input: Uint8Array, target: string) => {
    const file = join(folder, 'stream');
    await writeFile(file, input);
    const { exitCode } = await execa('zfs', ['receive', '-n', target], { inputFile: file, reject: false });
    return exitCode === 0 ? 'taken' : 'refused';
  };

  it('follows the records, and compares no checksum: what verify says of it is so', async () => {
    const { full } = await streams();
    const target = `${pool.name}/none@x`;
    expect(await rehearse(full, target)).toBe('taken');
    expect(await rehearse(full.subarray(0, full.byteLength - 100_000), target)).toBe('refused');
    const flipped = Buffer.from(full);
    const middle = Math.floor(full.byteLength / 2);
    flipped[middle] = (flipped[middle] ?? 0) ^ 1;
    expect(await rehearse(flipped, target)).toBe('taken');
    const incremental = ['send', '-i', '@first', `${data.name}@second`];
    const { stdout: second } = await execa('zfs', incremental, AS_BYTES);
    // zfs-fuse takes it for a dataset that is not there, which proves nothing either.
    const expected = zfsKind === 'OpenZFS' ? 'refused' : 'taken';
    expect(await rehearse(second, target)).toBe(expected);
  });

  it('is what level 3 does without a scratch: nothing is created', async () => {
    const { backups, notes } = await verify({ ...options(), dataset: data.name });
    expect(backups.map(({ verdict, level }) => [verdict, level])).toEqual([
      ['ok', 3],
      ['ok', 2],
      ['ok', 2],
    ]);
    expect(notes).toHaveLength(1);
    expect(await datasets()).toEqual(untouched());
  });
});
