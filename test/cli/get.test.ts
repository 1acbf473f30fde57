import { randomBytes } from 'node:crypto';
import { chmod, lstat, mkdtemp, open, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runGet } from '../../src/cli/main.ts';
import { get } from '../../src/get.ts';
import type { Progress } from '../../src/progress.ts';
import { whyNotWritten } from '../../src/steps/write-output.ts';
import { createDirectoryStore } from '../../src/store/directory-store.ts';
import { runCli } from './run-cli.ts';

let folder: string;
let out: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'get-'));
  out = await mkdtemp(join(tmpdir(), 'get-out-'));
  await createDirectoryStore({ path: folder, prefix: '' }).put('some/key', Buffer.from('the bytes'));
});
afterEach(async () => {
  for (const path of [folder, out]) await rm(path, { recursive: true });
});

const zfs3backupGet = (...words: readonly string[]) =>
  runCli(runGet, [...words, '--store', `file://${folder}`]);

describe('zfs3backup_get', () => {
  it('writes the bytes to stdout, and nothing else there', async () => {
    expect(await zfs3backupGet('some/key')).toEqual({ status: 0, stdout: 'the bytes', stderr: '' });
  });

  it('exits with 4 when there is no such object', async () => {
    const { status, stdout, stderr } = await zfs3backupGet('other');
    expect([status, stdout]).toEqual([4, '']);
    expect(stderr).toMatch(/^zfs3backup_get: other: there is no such object/);
  });

  it('replaces a file by a whole one, keeps its mode, and leaves nothing beside it', async () => {
    const path = join(out, 'file');
    await writeFile(path, 'old');
    await chmod(path, 0o640);
    expect((await zfs3backupGet('some/key', '-o', path)).status).toBe(0);
    expect(await readFile(path, 'utf8')).toBe('the bytes');
    expect((await lstat(path)).mode & 0o777).toBe(0o640);
    expect(await readdir(out)).toEqual(['file']);
  });

  it('leaves an existing file alone when it fails', async () => {
    const path = join(out, 'file');
    await writeFile(path, 'old');
    expect((await zfs3backupGet('other', '--output', path)).status).toBe(4);
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(out)).toEqual(['file']);
  });

  it('writes through a symbolic link', async () => {
    await writeFile(join(out, 'file'), 'old');
    await symlink(join(out, 'file'), join(out, 'link'));
    await zfs3backupGet('some/key', '--output', join(out, 'link'));
    expect((await lstat(join(out, 'link'))).isSymbolicLink()).toBe(true);
    expect(await readFile(join(out, 'file'), 'utf8')).toBe('the bytes');
  });

  it('never puts a file in the place of a device', async () => {
    expect((await zfs3backupGet('some/key', '--output', '/dev/null')).status).toBe(0);
    expect((await lstat('/dev/null')).isCharacterDevice()).toBe(true);
  });

  it('says which file cannot be written', async () => {
    const { status, stderr } = await zfs3backupGet('some/key', '--output', join(out, 'missing/file'));
    expect(status).toBe(1);
    expect(stderr).toBe(
      `zfs3backup_get: ${out}/missing/file cannot be written: the folder ${out}/missing does not exist\n`,
    );
    expect((await zfs3backupGet('some/key', '--output', out)).stderr).toBe(
      `zfs3backup_get: ${out} cannot be written: it is a folder; name a file in it\n`,
    );
    await writeFile(join(out, 'file'), '');
    expect((await zfs3backupGet('some/key', '--output', join(out, 'file/x'))).stderr).toContain(
      `${out}/file/x cannot be written: ${out}/file is no folder`,
    );
  });

  it.each([
    ['EACCES', 'this user may not write to it, or not into the folder /a'],
    ['EROFS', 'its file system is read-only'],
    ['EOTHER', 'open: EOTHER'],
  ])('says for %s: %s', (code, words) => {
    const error = Object.assign(new Error(`open: ${code}`), { code });
    expect(whyNotWritten(error, '/a/b')).toBe(words);
  });

  it('refuses an empty name before it asks for anything', async () => {
    const { status, stderr } = await zfs3backupGet('no/such/key', '--output', '');
    expect([status, stderr]).toEqual([2, expect.stringMatching(/^zfs3backup_get: --output: is empty$/m)]);
  });

  it('shows no option that means nothing to it, and takes it all the same', async () => {
    const { stdout } = await runCli(runGet, ['--help']);
    expect(stdout).not.toMatch(/--dataset|--snapshot-prefix|--s3-prefix/);
    expect(stdout).toContain('--bucket');
    expect((await zfs3backupGet('some/key', '--dataset', 'tank/a')).status).toBe(0);
  });
});

describe('get', () => {
  it('fails when the reader of its output left', async () => {
    const store = createDirectoryStore({ path: folder, prefix: '' });
    const output = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })),
    });
    output.on('error', () => {});
    await expect(get({ store, key: 'some/key', output })).rejects.toMatchObject({ code: 'OUTPUT_FAILED' });
  });

  const big = () => {
    const body = randomBytes(40 * 1024 ** 2);
    const store = createDirectoryStore({ path: folder, prefix: '' });
    return { body, store, stored: store.put('big', body) };
  };

  it('hands a stream bytes that stay what they are, however long it keeps them', async () => {
    const { body, store, stored } = big();
    await stored;
    const kept: Buffer[] = [];
    const output = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        kept.push(chunk);
        done();
      },
    });
    await get({ store, key: 'big', output });
    expect(Buffer.concat(kept).equals(body)).toBe(true);
  });

  it('goes on in an open file from where it is, and leaves it open', async () => {
    const { body, store, stored } = big();
    await stored;
    const file = await open(join(out, 'file'), 'w');
    await file.write('before ');
    await get({ store, key: 'big', output: { descriptor: file.fd } });
    await file.write(' behind');
    await file.close();
    const expected = Buffer.concat([Buffer.from('before '), body, Buffer.from(' behind')]);
    expect((await readFile(join(out, 'file'))).equals(expected)).toBe(true);
  });

  it('fails when a disk is full, be it for the last bytes', async () => {
    const store = createDirectoryStore({ path: folder, prefix: '' });
    const full = await open('/dev/full', 'w');
    const output = { descriptor: full.fd };
    await expect(get({ store, key: 'some/key', output })).rejects.toMatchObject({ code: 'OUTPUT_FAILED' });
    await full.close();
  });

  it('tells of bytes as they come', async () => {
    const { body, store, stored } = big();
    await stored;
    const seen: number[] = [];
    const onProgress = ({ storedBytes }: Progress) => seen.push(storedBytes);
    await get({ store, key: 'big', output: '/dev/null', onProgress });
    expect(seen.length).toBeGreaterThan(10);
    expect(seen.at(-1)).toBe(body.byteLength);
  });
});
