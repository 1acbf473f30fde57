import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { backup, download, openStore, planBackup, restore, status, upload } from '../src/index.ts';

it('the library has what it promises, and brings back what it stored', async () => {
  for (const verb of [backup, planBackup, restore, status]) expect(verb).toBeTypeOf('function');
  const folder = await mkdtemp(join(tmpdir(), 'library-'));
  const store = await openStore(`file://${folder}`);
  const body = Buffer.from('the bytes');
  const { etag } = await upload({ store, key: 'k', source: Readable.from([body]) });
  const output = join(folder, 'back');
  expect(await download({ store, key: 'k', output })).toMatchObject({ key: 'k', etag, bytes: 9 });
  expect((await readFile(output)).equals(body)).toBe(true);
  const stream = new PassThrough();
  await download({ store, key: 'k', output: stream });
  // It stays open.
  stream.end(' and more');
  expect((await buffer(stream)).toString()).toBe('the bytes and more');
  await expect(download({ store, key: 'k', output: '' })).rejects.toMatchObject({ code: 'USAGE' });
  store.close();
  await rm(folder, { recursive: true });
});
