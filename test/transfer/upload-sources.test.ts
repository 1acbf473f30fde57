import { once } from 'node:events';
import { closeSync, createReadStream, openSync, writeSync } from 'node:fs';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { upload } from '../../src/transfer/upload.ts';
import { eventually, makePipe } from '../stream/fixtures.ts';
import { bytesOf, KEY, leftovers, NOTHING, readObject } from './bytes.ts';
import { createMemoryStore } from './memory-store.ts';
import { PART, put } from './put-parts.ts';

const BODY = bytesOf(3 * PART + 5);

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sources-'));
  file = join(folder, 'file');
  await writeFile(file, BODY);
});
afterEach(() => rm(folder, { recursive: true }));

async function stored(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const store = createMemoryStore();
  await put(store, BODY, { source });
  return readObject(store);
}

async function opened(stream: ReturnType<typeof createReadStream>) {
  await once(stream, 'open');
  return stream;
}

describe("Node's own streams are read as streams, although they have a descriptor", () => {
  it('of a file that is not open yet', async () => {
    expect((await stored(createReadStream(file))).equals(BODY)).toBe(true);
  });

  it('of an open file', async () => {
    expect((await stored(await opened(createReadStream(file)))).equals(BODY)).toBe(true);
  });

  it('of a part of a file', async () => {
    const stream = await opened(createReadStream(file, { start: 3, end: 7 }));
    expect((await stored(stream)).equals(BODY.subarray(3, 8))).toBe(true);
  });

  it('that hold bytes which the file behind them does not give again', async () => {
    const stream = createReadStream(file, { highWaterMark: 10 });
    await once(stream, 'readable');
    expect((await stored(stream)).equals(BODY)).toBe(true);
  });

  it('of a pipe, as process.stdin is one', async () => {
    const { fd, writer } = await makePipe(folder);
    const stdin = Object.assign(new Socket({ fd, readable: true, writable: false }), { fd });
    new Socket({ fd: writer, readable: false }).end('from a pipe');
    stdin.read(0);
    await eventually(async () => stdin.readableLength || undefined);
    expect((await stored(stdin)).toString()).toBe('from a pipe');
  });

  it('and a bare descriptor or a FileHandle as what it is', async () => {
    const store = createMemoryStore();
    await put(store, BODY, { source: { fd: openSync(file, 'r') } });
    expect((await readObject(store)).equals(BODY)).toBe(true);
    await using handle = await open(file);
    await put(store, BODY, { source: handle, ifExists: 'replace' });
    expect((await readObject(store)).equals(BODY)).toBe(true);
  });
});

describe('what is no source, key or metadata is USAGE, and nothing is stored', () => {
  const given = (options: Record<string, unknown>) =>
    upload({ store: createMemoryStore(), key: KEY, source: Readable.from(['x']), ...options } as never);

  it.each([
    ['no key', { key: undefined }, 'An upload needs a `key`: a text, not undefined'],
    ['an empty key', { key: '' }, 'An upload needs a `key`: a text, not an empty one'],
    ['no store', { store: undefined }, 'the `store` must be what `openStore` resolves to, not undefined'],
    ['null for metadata', { metadata: null }, 'the `metadata` must be an object of texts, not null'],
    ['a text for metadata', { metadata: 'isfull' }, 'not a string'],
    ['a descriptor that is not open', { source: { fd: 987_654 } }, 'the `source` { fd: 987654 } is not open'],
    ['a number', { metadata: { size: 7 } }, 'the metadata `size` must be a text, not a number'],
    [
      'null',
      { source: null },
      'the `source` must be an async iterable of Uint8Array or { fd: NUMBER }, not null',
    ],
    ['a text', { source: 'abc' }, 'not a string'],
    ['a buffer', { source: Buffer.from('abc') }, 'not an object (Buffer)'],
    ['a descriptor that is none', { source: { fd: null } }, 'not an object'],
  ])('%s', async (_, options, message) => {
    await expect(given(options)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(message),
    });
  });

  it.each([
    ['the call is wrong', { metadata: null }],
    ['the plan is impossible', { estimate: -1 }],
    ['it was interrupted before', { signal: AbortSignal.abort() }],
  ])('a pipe is closed, and a file is not, where %s', async (_, options) => {
    const { fd, writer } = await makePipe(folder);
    await expect(given({ source: { fd }, ...options })).rejects.toThrow();
    expect(() => writeSync(writer, 'x')).toThrow('EPIPE');
    closeSync(writer);
    await using handle = await open(file);
    await expect(given({ source: { fd: handle.fd }, ...options })).rejects.toThrow();
    expect((await handle.stat()).size).toBe(BODY.byteLength);
  });

  it.each([
    ['a text', ['abc']],
    ['a text between bytes', [Buffer.from('<a>'), 'text', Buffer.from('</a>')]],
    ['a number', [Buffer.from('<a>'), 7]],
    ['a list', [[1, 2, 3]]],
  ])('chunks: %s', async (_, chunks) => {
    const store = createMemoryStore();
    let isLeft = false;
    async function* source() {
      try {
        yield* chunks;
      } finally {
        isLeft = true;
      }
    }
    await expect(put(store, BODY, { source: source() as never })).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('A chunk of the source is no Uint8Array but '),
    });
    expect(isLeft).toBe(true);
    expect(await leftovers(store)).toEqual(NOTHING);
  });
});
