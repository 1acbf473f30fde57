import { mkdir, mkdtemp, readdir, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createDirectoryStore } from '../../src/store/directory-store.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'leftovers-'));
});
afterEach(() => rm(folder, { recursive: true }));

const open = () => {
  const store = createDirectoryStore({ path: folder, prefix: 'p' });
  const { leftovers } = store;
  if (leftovers === undefined) throw new Error('a directory has leftovers');
  return { store, leftovers };
};
const own = (...names: readonly string[]) => join(folder, '.zfs3backup', ...names);

it('has none where all went well', async () => {
  const { store, leftovers } = open();
  expect(await leftovers.list()).toEqual([]);
  await store.put('p/tank/a@1', Buffer.from('x'));
  await store.put('p/tank/a@1/below%', Buffer.from('x'));
  const upload = await store.startUpload('p/tank/a@2');
  await upload.putPart(1, Buffer.from('part'));
  expect(await leftovers.list()).toEqual([]);
});

it('finds what writers left, and removes it without a trace', async () => {
  const { store, leftovers } = open();
  await store.put('p/tank/a@1', Buffer.from('x'));
  await store.put('p/tank/a@2', Buffer.from('x'));
  await unlink(join(folder, 'p/tank/a@2'));
  await mkdir(own('temp'), { recursive: true });
  await writeFile(own('temp', 'cut-short'), 'abc');
  await mkdir(own('uploads', 'published'), { recursive: true });
  await writeFile(own('uploads', 'published', 'upload.json'), '{}');
  await mkdir(own('uploads', 'never-begun'));
  await writeFile(own('uploads', 'never-begun', 'body'), 'four');
  const found = await leftovers.list();
  expect(found.map(({ name }) => name.replace(/%\..*/, ''))).toEqual([
    '.zfs3backup/temp/cut-short',
    '.zfs3backup/uploads/never-begun',
    '.zfs3backup/uploads/published',
    '.zfs3backup/objects/p/tank/a@2',
  ]);
  expect(found.map(({ bytes }) => bytes).slice(0, 3)).toEqual([3, 4, 2]);
  for (const { name } of found) await leftovers.remove(name);
  expect(await leftovers.list()).toEqual([]);
  expect(await readdir(own('uploads'))).toEqual([]);
  expect((await store.head('p/tank/a@1'))?.bytes).toBe(1);
});

it('removes nothing else, whatever it is asked for', async () => {
  const { store, leftovers } = open();
  await store.put('p/tank/a@1', Buffer.from('x'));
  await writeFile(join(folder, 'precious'), 'x');
  const names = [
    'precious',
    '../precious',
    '.zfs3backup',
    '.zfs3backup/objects',
    'p/tank/a@1',
    '',
    '.zfs3backup/temp/../../precious',
  ];
  for (const name of names) await leftovers.remove(name);
  expect((await stat(join(folder, 'precious'))).size).toBe(1);
  expect((await store.head('p/tank/a@1'))?.etag).toBeDefined();
});
