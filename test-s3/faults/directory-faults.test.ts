import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import type { StoreError } from '../../src/errors.ts';
import { createDirectoryStore } from '../../src/store/directory-store.ts';
import { upload } from '../../src/transfer/upload.ts';
import { BODY, chunksOf, failureOf, KEY, PART } from './fault-case.ts';

const run = promisify(execFile);

/** What a test mounted, to be taken away behind it. */
const undo: Array<() => Promise<unknown>> = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'z3b-disk-'));
  undo.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function mount(...args: readonly string[]): Promise<string> {
  const folder = await createFolder();
  await run('mount', [...args, folder]);
  undo.push(() => run('umount', [folder]));
  return folder;
}

const mountTmpfs = (size: string) => mount('-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs');

/** Files of any kind under `folder`, those of the store's own included. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

function store(path: string, body: Buffer, warnings: string[] = []) {
  const target = createDirectoryStore({ path, prefix: '' });
  const logger = { debug() {}, info() {}, warn: (_: object, message: string) => void warnings.push(message) };
  return upload({ store: target, key: KEY, source: chunksOf(body), partBytes: PART, logger });
}

describe('a disk that is full', () => {
  it.each([
    ['in the middle of an upload', '8m', BODY],
    ['by a whole object', '1m', BODY.subarray(0, 3_000_000)],
    ['before anything fits', '4k', BODY],
  ] as const)('%s: a clear error, nothing visible, no temporary file', async (_name, size, body) => {
    const folder = await mountTmpfs(size);
    const error = (await failureOf(store(folder, body))) as StoreError;
    expect(error).toMatchObject({ code: 'STORE_FAILED', storeCode: 'ENOSPC', retryable: false });
    expect(error.message).toContain('no space left');
    expect(error.advice).toContain(`Free space on the file system that holds ${folder}`);
    expect(await filesIn(folder)).toEqual([]);
  });

  it('keeps what was stored before', async () => {
    const folder = await mountTmpfs('24m');
    await store(folder, BODY);
    const target = createDirectoryStore({ path: folder, prefix: '' });
    await failureOf(
      upload({
        store: target,
        key: 'another',
        source: chunksOf(Buffer.concat([BODY, BODY])),
        partBytes: PART,
      }),
    );
    expect(await target.head(KEY)).toMatchObject({ bytes: BODY.length });
    expect(await target.head('another')).toBeUndefined();
    expect(await target.openUploads('')).toEqual([]);
  });
});

/**
 * A file system on a loop device whose backing file cannot grow any more: the kernel takes the bytes, and its
 * writing them back fails with EIO, as a dying disk does. Only fsync tells: that of any file, so the one of the data is
 * looked for in directory-durability.test.ts.
 */
async function mountBrokenDisk(): Promise<string> {
  const backing = await mountTmpfs('24m');
  const image = join(backing, 'image');
  await run('truncate', ['-s', '64M', image]);
  // Without a journal, which would turn the file system read-only before anyone sees the EIO.
  await run('mkfs.ext4', [
    '-q',
    '-O',
    '^has_journal',
    '-E',
    'lazy_itable_init=0,nodiscard',
    '-m',
    '0',
    image,
  ]);
  const { stdout } = await run('losetup', ['--find', '--show', image]);
  const device = stdout.trim();
  undo.push(() => run('losetup', ['-d', device]));
  const folder = await mount('-o', 'errors=continue', device);
  await run('sh', ['-c', `cat /dev/zero > ${backing}/filler 2>/dev/null || true`]);
  return folder;
}

describe('a disk that fails', () => {
  it.each([
    ['an upload in parts', BODY],
    ['a whole object', BODY.subarray(0, 3_000_000)],
  ] as const)(
    'with EIO when it is to keep %s: an error, nothing visible, no temporary file',
    async (_name, body) => {
      const folder = await mountBrokenDisk();
      const warnings: string[] = [];
      const error = (await failureOf(store(folder, body, warnings))) as StoreError;
      expect(warnings).toEqual([]);
      expect(error.code).toBe('STORE_FAILED');
      expect(['EIO', 'ENOSPC']).toContain(error.storeCode);
      expect(error.message).toContain(KEY);
      expect(await createDirectoryStore({ path: folder, prefix: '' }).head(KEY)).toBeUndefined();
      expect(await filesIn(folder)).toEqual([]);
    },
  );
});

describe('a folder that may not be written to', () => {
  it.each([
    ['an upload in parts', BODY],
    ['a whole object', BODY.subarray(0, 100)],
  ] as const)('refuses %s and says why', async (_name, body) => {
    const folder = await mountTmpfs('1m');
    await run('mount', ['-o', 'remount,ro', folder]);
    const error = (await failureOf(store(folder, body))) as StoreError;
    expect(error).toMatchObject({ code: 'STORE_DENIED', storeCode: 'EROFS', retryable: false });
    expect(error.advice).toContain('mounted read-only');
    expect(await readdir(folder)).toEqual([]);
  });

  it('that turns read-only in the middle, as a file system with errors does', async () => {
    const folder = await mountTmpfs('64m');
    const target = createDirectoryStore({ path: folder, prefix: '' });
    async function* source() {
      yield BODY;
      await run('mount', ['-o', 'remount,ro', folder]).catch(() =>
        run('mount', ['-o', 'remount,ro', '-f', folder]),
      );
      yield BODY;
    }
    const warnings: string[] = [];
    const logger = {
      debug() {},
      info() {},
      warn: (_: object, message: string) => void warnings.push(message),
    };
    const attempt = upload({
      store: target,
      key: KEY,
      source: source(),
      partBytes: PART,
      concurrency: 1,
      logger,
    });
    // A file that is open for writing keeps the kernel from it: then nothing fails.
    const error = await attempt.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error === undefined) return expect(await target.head(KEY)).toMatchObject({ bytes: 2 * BODY.length });
    expect(error).toMatchObject({ code: 'STORE_DENIED', storeCode: 'EROFS' });
    expect(await target.head(KEY)).toBeUndefined();
    expect(warnings.join()).toContain('could not be dropped');
  });

  it('that vanishes (a disk that is not mounted) is not created', async () => {
    const folder = await createFolder();
    const missing = join(folder, 'backups');
    expect(await failureOf(store(missing, BODY))).toMatchObject({ code: 'NO_SUCH_BUCKET' });
    expect(await readdir(folder)).toEqual([]);
    await mkdir(missing);
  });
});
