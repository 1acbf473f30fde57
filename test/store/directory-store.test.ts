import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exitStatusOf, StoreError } from '../../src/errors.ts';
import { asStoreError } from '../../src/store/directory-errors.ts';
import { createDirectoryStore } from '../../src/store/directory-store.ts';
import { keysOf, read } from './read-back.ts';
import { failureOf } from './store-failure.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'zfs3backup-directory-'));
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

const open = (path = root) => createDirectoryStore({ path, prefix: 'zfs3backup-backup' });
const key = 'zfs3backup-backup/tank/a@snap';

async function sideFileOf(name: string): Promise<string> {
  const objects = join(root, '.zfs3backup', 'objects');
  const found = (await readdir(objects, { recursive: true })).find((path) => path.startsWith(`${name}%.`));
  return join(objects, found ?? 'no side file');
}

describe('what a person finds in the directory', () => {
  it('is the object under its own key, readable by its owner only', async () => {
    await open().put(key, Buffer.from('hello'));
    expect(await readFile(join(root, key), 'utf8')).toBe('hello');
    expect((await stat(join(root, key))).mode & 0o777).toBe(0o600);
    expect((await stat(join(root, 'zfs3backup-backup'))).mode & 0o777).toBe(0o700);
  });

  it('may be behind a link', async () => {
    await mkdir(join(root, 'elsewhere'));
    await symlink(join(root, 'elsewhere'), join(root, 'zfs3backup-backup'));
    await open().put(key, Buffer.from('hello'));
    expect(await keysOf(open(), 'zfs3backup-backup/')).toEqual([key]);
  });

  it('is no trace of what was removed or dropped', async () => {
    const store = open();
    await store.put(key, Buffer.from('hello'));
    await store.remove(key);
    await (await store.startUpload(key)).abort();
    const files = await readdir(root, { recursive: true, withFileTypes: true });
    expect(files.filter((entry) => entry.isFile())).toEqual([]);
    expect(await readdir(root)).toEqual(['.zfs3backup']);
  });

  it('does not grow beside the parts: completing moves the body', async () => {
    const store = open();
    const upload = await store.startUpload(key);
    const parts = [await upload.putPart(1, Buffer.alloc(1000)), await upload.putPart(2, Buffer.alloc(10))];
    const [body] = (await readdir(root, { recursive: true })).filter((name) => name.endsWith('/body'));
    const before = await stat(join(root, body ?? ''));
    await upload.complete(parts);
    expect((await stat(join(root, key))).ino).toBe(before.ino);
    expect(await readdir(join(root, '.zfs3backup', 'uploads'))).toEqual([]);
  });

  it('may be something else, which is not listed unless it could be an object', async () => {
    await mkdir(join(root, 'p'));
    await writeFile(join(root, 'p', 'by-hand'), 'mine');
    await writeFile(join(root, 'p', '%zz'), 'odd');
    const store = open();
    expect(await keysOf(store, '')).toEqual(['p/by-hand']);
    expect(await store.head('p/by-hand')).toMatchObject({ bytes: 4, etag: undefined, metadata: {} });
    expect(await read(await store.get('p/by-hand'))).toBe('mine');
  });
});

describe('a directory store', () => {
  it('keeps a key and the keys below it, in whatever order they come', async () => {
    const store = open();
    const keys = ['a/b/c', 'a', 'a/b', 'x', 'x/y', 'x/y/z'];
    for (const name of keys) await store.put(name, Buffer.from(name), { metadata: { name } });
    await store.put('a', Buffer.from('again'), { metadata: { name: 'again' } });
    expect(await keysOf(store, '')).toEqual(['a', 'a/b', 'a/b/c', 'x', 'x/y', 'x/y/z']);
    expect(await read(await store.get('a'))).toBe('again');
    await store.remove('a/b/c');
    await store.remove('a/b');
    expect((await store.head('a'))?.metadata).toEqual({ name: 'again' });
    await store.put('a', Buffer.from('thrice'));
    expect(await read(await store.get('a'))).toBe('thrice');
    expect(await keysOf(store, 'a')).toEqual(['a']);
  });

  it('copes with writers and removers in one folder at the same time', async () => {
    const store = open();
    const work = Array.from({ length: 60 }, async (_, n) => {
      await store.put(`f/${n % 6}/${n}`, Buffer.from(String(n)), { metadata: { n: String(n) } });
      if (n % 2 === 0) await store.remove(`f/${n % 6}/${n}`);
    });
    await Promise.all(work);
    const odd = Array.from({ length: 30 }, (_, n) => `f/${(2 * n + 1) % 6}/${2 * n + 1}`).sort();
    expect((await keysOf(store, 'f/')).sort()).toEqual(odd);
    for (const name of odd) expect((await store.head(name))?.metadata['n']).toBe(name.split('/')[2]);
  });

  it('leaves one whole object when several write it at the same time', async () => {
    const stores = [open(), open(), open()];
    const bodies = stores.map((_, n) => Buffer.alloc(100_000 + n, n));
    for (let round = 0; round < 10; round += 1) {
      await Promise.all(
        stores.map((store, n) =>
          store.put('k', bodies[n] ?? Buffer.alloc(0), { metadata: { n: String(n) } }),
        ),
      );
      const info = await open().head('k');
      expect(info?.metadata['n']).toBe(String((info?.bytes ?? 0) - 100_000));
    }
  });

  it('knows its objects after it was copied, even without their times', async () => {
    const store = open();
    await store.put(key, Buffer.from('hello'), { metadata: { isfull: 'true' } });
    const before = await store.head(key);
    const copy = await mkdtemp(join(tmpdir(), 'zfs3backup-copy-'));
    await cp(root, copy, { recursive: true });
    await utimes(join(copy, key), new Date(0), new Date(0));
    expect(await open(copy).head(key)).toEqual({ ...before, modifiedAt: new Date(0) });
    await rm(copy, { recursive: true });
  });

  it('vouches for nothing when a file has another size than what was stored', async () => {
    const store = open();
    await store.put(key, Buffer.from('hello'), { metadata: { isfull: 'true' } });
    await truncate(join(root, key), 3);
    expect(await store.head(key)).toMatchObject({ bytes: 3, etag: undefined, metadata: {} });
  });

  it('keeps the old object when a replacement got no further than its side file', async () => {
    const store = open();
    await store.put(key, Buffer.from('old'), { metadata: { v: '1' } });
    const side = await sideFileOf(key);
    const next = { ...JSON.parse(await readFile(side, 'utf8')), etag: 'ff', metadata: { v: '2' } };
    await writeFile(side.replace(/%\..*/, '%.zz-1.json'), JSON.stringify(next));
    expect((await store.head(key))?.metadata).toEqual({ v: '1' });
  });

  it('still gives the bytes when the side file is damaged', async () => {
    const store = open();
    await store.put(key, Buffer.from('hello'), { metadata: { v: '1' } });
    await writeFile(await sideFileOf(key), '{"key": "zfs3ba');
    expect(await store.head(key)).toMatchObject({ bytes: 5, etag: undefined, metadata: {} });
    expect(await read(await store.get(key))).toBe('hello');
  });

  it('keeps one side file per object', async () => {
    const store = open();
    for (let n = 0; n < 5; n += 1) await store.put(key, Buffer.from(`body ${n}`));
    const files = await readdir(join(root, '.zfs3backup'), { recursive: true, withFileTypes: true });
    expect(files.filter((entry) => entry.isFile())).toHaveLength(1);
  });

  it('notices that an object was replaced between get and reading', async () => {
    const store = open();
    await store.put('k', Buffer.from('one'));
    const body = await store.get('k');
    await store.put('k', Buffer.from('two'));
    expect(await failureOf(read(body))).toMatchObject({ code: 'MISMATCH' });
  });

  it('does not show an upload that was published and only not cleaned up', async () => {
    const store = open();
    const upload = await store.startUpload('k');
    await upload.putPart(1, Buffer.from('x'));
    await rm(join(root, '.zfs3backup', 'uploads', upload.uploadId, 'body'));
    expect(await store.openUploads('')).toEqual([]);
  });

  it('goes on with an upload of another process, filling what is missing', async () => {
    const upload = await open().startUpload('k', { metadata: { a: 'b' } });
    await upload.putPart(1, Buffer.from('one,'));
    await upload.putPart(3, Buffer.from('three'));
    const [again] = await open().openUploads('k');
    await again?.putPart(2, Buffer.from('two,'));
    await again?.complete(await again.listParts());
    expect(await read(await open().get('k'))).toBe('one,two,three');
    expect((await open().head('k'))?.metadata).toEqual({ a: 'b' });
  });

  it('ends prefixes in /', () => {
    expect(open().prefix).toBe('zfs3backup-backup/');
    expect(createDirectoryStore({ path: root, prefix: '' }).prefix).toBe('');
  });
});

describe('a directory that fails', () => {
  it('is never created: it may be a disk that is not mounted', async () => {
    const gone = join(root, 'not-mounted');
    const error = await failureOf(open(gone).put(key, Buffer.from('x')));
    expect(error).toMatchObject({ code: 'NO_SUCH_BUCKET', retryable: false });
    expect(error.advice).toContain(`mkdir -p ${gone}`);
    expect(exitStatusOf(error)).toBe(4);
    await expect(stat(gone)).rejects.toThrow('ENOENT');
  });

  it('is none when it is a file', async () => {
    await writeFile(join(root, 'file'), '');
    const error = await failureOf(open(join(root, 'file')).head(key));
    expect(error).toMatchObject({ code: 'NO_SUCH_BUCKET' });
    expect(error.message).toContain('is not a directory');
    expect(error.advice).not.toContain('mkdir');
  });

  it.each(['.zfs3backup', 'zfs3backup-backup', 'zfs3backup-backup/tank'])(
    'is one whose %s leads to a disk that is not mounted: neither empty nor a place to write to',
    async (name) => {
      await mkdir(join(root, 'zfs3backup-backup'));
      await rm(join(root, name), { recursive: true, force: true });
      await symlink('/not-mounted/disk', join(root, name));
      const error = await failureOf(open().put(key, Buffer.from('x')));
      expect(error).toMatchObject({ code: 'STORE_FAILED', retryable: false });
      expect(error.message).toContain(`${name} is a link to /not-mounted/disk, which is not there`);
      expect(error.advice).toContain('not mounted');
      if (name === '.zfs3backup') return;
      const listing = keysOf(open(), 'zfs3backup-backup/');
      await expect(listing).rejects.toThrow('is a link to /not-mounted/disk');
    },
  );

  it.each([
    ['ENOSPC', 'STORE_FAILED', /no space left/, /Free space/],
    ['EDQUOT', 'STORE_FAILED', /no space left/, /Free space/],
    ['EACCES', 'STORE_DENIED', /not allowed/, /owner and mode/],
    ['EROFS', 'STORE_DENIED', /not allowed/, /read-only/],
    ['EIO', 'STORE_FAILED', /i\/o error/, /^$/],
  ])('says for %s what to do', (errno, code, message, advice) => {
    const cause = Object.assign(new Error('i/o error'), { code: errno });
    const error = asStoreError(cause, '/backup', 'put', key) as StoreError;
    expect(error).toBeInstanceOf(StoreError);
    expect(error).toMatchObject({ code, storeCode: errno, key, retryable: false });
    expect(error.message).toMatch(message);
    expect(error.message).toContain('file:///backup');
    expect(error.advice ?? '').toMatch(advice);
  });
});
