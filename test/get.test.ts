import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, constants, createWriteStream, openSync } from 'node:fs';
import { chmod, chown, mkdir, open, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { execa } from 'execa';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type GetOptions, get } from '../src/get.ts';
import { createDirectoryStore } from '../src/store/directory-store.ts';
import type { ObjectStore } from '../src/store/object-store.ts';
import { makePipe, temporaryFolder, thrownBy } from './stream/fixtures.ts';
import { createMemoryStore } from './transfer/memory-store.ts';

const MIB = 1024 ** 2;
const BODY = randomBytes(3 * MIB);
const NOBODY = 65_534;

let folder: string;
let store: ObjectStore;
beforeAll(async () => {
  folder = await temporaryFolder();
  store = createDirectoryStore({ path: await temporaryFolder(), prefix: '' });
  await store.put('key', BODY);
});

/** In three parts. */
const fetch = (output: GetOptions['output'], options: Partial<GetOptions> = {}) =>
  get({ store, key: 'key', output, maxMemory: 2 * MIB, ...options });

/** A stream that takes a first chunk and does with it what `take` says. */
function streamThat(take: (stream: Writable, done: (error?: Error) => void) => void): Writable {
  const stream: Writable = new Writable({ write: (_chunk, _encoding, done) => take(stream, done) });
  return stream;
}

/** Aborts once the output has got something, or is waited for. */
function abortSoon() {
  const controller = new AbortController();
  const reason = new Error('SIGTERM');
  setTimeout(() => controller.abort(reason), 100);
  return { signal: controller.signal, reason };
}

// Nobody but the download listens to these streams: an 'error' that it does not hear fails the run of the tests.
describe('a stream that fails', () => {
  it.each([
    ['on a full disk', () => '/dev/full', 'ENOSPC', 'no space is left there'],
    ['in a missing folder', () => join(folder, 'missing/x'), 'ENOENT', '/missing does not exist'],
    ['that is a folder', () => folder, 'EISDIR', 'it is a folder; name a file in it'],
  ])('%s fails the download, and nothing else', async (_, path, code, words) => {
    const stream = createWriteStream(path());
    const closed = new Promise<void>((resolve) => stream.once('close', resolve));
    await expect(fetch(stream)).rejects.toMatchObject({
      code: 'OUTPUT_FAILED',
      message: expect.stringMatching(`^the output cannot be written: .*${words}$`),
      cause: { code },
    });
    await closed;
    await turn();
  });

  it('by its own word says so', async () => {
    const cause = new Error('the other side hung up');
    const stream = streamThat((_, done) => done(cause));
    await expect(fetch(stream)).rejects.toMatchObject({
      message: 'the output cannot be written: the other side hung up',
      cause,
    });
    await turn();
  });

  it('while nothing is written is told with its first error', async () => {
    const cause = new Error('gone');
    const stream = streamThat((each, done) => {
      done();
      each.destroy(cause);
    });
    await expect(fetch(stream)).rejects.toMatchObject({ code: 'OUTPUT_FAILED', cause });
    await expect(fetch(stream)).rejects.toMatchObject({ code: 'OUTPUT_FAILED', cause });
  });

  it('before the first byte is told, also where there is none', async () => {
    const cause = new Error('gone');
    const stream = streamThat((_, done) => done());
    await store.put('empty', new Uint8Array());
    const fetched = fetch(stream, { key: 'empty' });
    stream.destroy(cause);
    await expect(fetched).rejects.toMatchObject({ code: 'OUTPUT_FAILED', cause });
  });

  it('because it was closed, in the middle of a chunk, is not waited for', async () => {
    const stream = streamThat((each) => setImmediate(() => each.destroy()));
    await expect(fetch(stream)).rejects.toMatchObject({
      code: 'OUTPUT_FAILED',
      message: 'the output cannot be written: it was closed before it had taken all of it',
    });
  });
});

describe('a stream that works', () => {
  it('is its owner’s again: nobody listens to it any more', async () => {
    const stream = streamThat((_, done) => done());
    const before = ['error', 'close'].map((name) => stream.listenerCount(name));
    await fetch(stream);
    expect(['error', 'close'].map((name) => stream.listenerCount(name))).toEqual(before);
    await expect(once(stream.end(), 'finish')).resolves.toEqual([]);
  });

  it('needs no events', async () => {
    const chunks: Uint8Array[] = [];
    await fetch({
      write(chunk, callback) {
        chunks.push(chunk);
        callback();
        return true;
      },
    });
    expect(Buffer.concat(chunks).equals(BODY)).toBe(true);
  });
});

describe('an output that takes nothing is left when the signal aborts', () => {
  it('be it a stream, and what becomes of it later harms nobody', async () => {
    let settle = (_error?: Error) => {};
    const stream = streamThat((_, done) => {
      settle = done;
    });
    const { signal, reason } = abortSoon();
    expect(await thrownBy(() => fetch(stream, { signal }))).toBe(reason);
    const closed = new Promise<void>((resolve) => stream.once('close', resolve));
    settle(new Error('write EPIPE'));
    await closed;
    await turn();
    expect(stream.listenerCount('error')).toBe(0);
  });

  it('be it a descriptor', async () => {
    const { fd, writer } = await makePipe(folder);
    const { signal, reason } = abortSoon();
    expect(await thrownBy(() => fetch({ descriptor: writer }, { signal }))).toBe(reason);
    // Without a reader the write ends.
    closeSync(fd);
    closeSync(writer);
  });

  it('be it a named pipe that nobody reads, or nobody has opened', async () => {
    const path = join(folder, 'fifo');
    await execa('mkfifo', [path]);
    const unopened = abortSoon();
    expect(await thrownBy(() => fetch(path, { signal: unopened.signal }))).toBe(unopened.reason);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const unread = abortSoon();
    expect(await thrownBy(() => fetch(path, { signal: unread.signal }))).toBe(unread.reason);
    closeSync(reader);
  });
});

describe('what is no output or names no object is USAGE', () => {
  it.each([
    ['no output', { output: undefined }, 'the `output` must be a path, a Writable or { descriptor: NUMBER }'],
    ['a number', { output: 1.5 }, 'not a number'],
    ['null', { output: null }, 'not null'],
    ['half a descriptor', { output: { descriptor: 1.5 } }, 'the `output` must be'],
    ['no key', { key: undefined }, 'A download needs a `key`: a text, not undefined'],
    ['an empty key', { key: '' }, 'not an empty one'],
    [
      'no store',
      { store: undefined },
      'key: the `store` must be what `openStore` resolves to, not undefined',
    ],
    ['a URL for a store', { store: 's3://bucket' }, 'not a string'],
  ])('%s', async (_, options, message) => {
    const given = { store, key: 'key', output: join(folder, 'unwritten'), ...options };
    await expect(get(given as never)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(message),
    });
    expect(await readdir(folder)).not.toContain('unwritten');
  });

  it.each([
    ['maxMemory', '64M'],
    ['maxMemory', null],
    ['maxMemory', -1],
    ['maxMemory', Number.NaN],
    ['concurrency', Number.NaN],
    ['concurrency', 'abc'],
    ['concurrency', 0],
  ])('%s %s, and a file that is there stays as it is', async (name, value) => {
    const path = join(folder, 'kept');
    await fetch(path);
    await expect(fetch(path, { [name]: value } as never)).rejects.toMatchObject({ code: 'USAGE' });
    expect((await readFile(path)).equals(BODY)).toBe(true);
  });
});

describe('a file that is in place', () => {
  it('has arrived, also where its folder may be written and not read', async () => {
    const path = join(await temporaryFolder(), 'drop');
    await mkdir(path);
    const memory = createMemoryStore();
    await memory.put('key', BODY);
    // Nothing is hidden from root.
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) {
      await chown(path, NOBODY, NOBODY);
      await chmod(dirname(path), 0o755);
    }
    await chmod(path, 0o300);
    try {
      if (isRoot) process.seteuid?.(NOBODY);
      await expect(readdir(path)).rejects.toThrow('EACCES');
      await fetch(join(path, 'file'), { store: memory });
    } finally {
      if (isRoot) process.seteuid?.(0);
      await chmod(path, 0o700);
    }
    expect((await readFile(join(path, 'file'))).equals(BODY)).toBe(true);
    expect(await readdir(path)).toEqual(['file']);
  });

  it.each(['EINVAL', 'ENOTSUP'])('has arrived, also where folders answer a sync with %s', async (code) => {
    const handle = await open(folder, 'r');
    // As some network file systems do: none that a test can have.
    const sync = vi.spyOn(Object.getPrototypeOf(handle), 'sync').mockImplementation(async function (
      this: typeof handle,
    ) {
      if ((await this.stat()).isDirectory()) throw Object.assign(new Error(`${code}: fsync`), { code });
    });
    onTestFinished(() => sync.mockRestore());
    await handle.close();
    const path = join(folder, 'on a network');
    await fetch(path);
    expect((await readFile(path)).equals(BODY)).toBe(true);
  });
});
