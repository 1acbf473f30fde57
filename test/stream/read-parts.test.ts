import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { open, readdir, writeFile } from 'node:fs/promises';
import { connect as connectTo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBufferPool } from '../../src/stream/buffer-pool.ts';
import type { Part } from '../../src/stream/parts.ts';
import { isReadableDescriptor, type ReadPartsOptions, readParts } from '../../src/stream/read-parts.ts';
import { eventually, makePipe, temporaryFolder } from './fixtures.ts';

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => rmSync(folder, { recursive: true }));

const all = ['sha256', 'md5', 'crc32'] as const;

/** A program that writes `data` into a pipe, in its own time. */
async function pipeOf(data: Uint8Array): Promise<number> {
  const path = join(folder, 'data');
  await writeFile(path, data);
  const { fd, writer } = await makePipe(folder);
  spawn('cat', [path], { stdio: ['ignore', writer, 'ignore'] });
  closeSync(writer);
  return fd;
}

async function fileOf(data: Uint8Array): Promise<number> {
  const path = join(folder, 'file');
  await writeFile(path, data);
  return openSync(path, 'r');
}

function optionsFor(partBytes: number, given: Partial<ReadPartsOptions> = {}): ReadPartsOptions {
  const buffers = given.buffers ?? 3;
  const pool = createBufferPool(buffers * partBytes);
  return { partBytesAt: () => partBytes, pool, buffers, digests: all, ...given };
}

function digestsOf(bytes: Uint8Array) {
  const [sha256, md5] = ['sha256', 'md5'].map((name) => createHash(name).update(bytes).digest('hex'));
  return { sha256, md5, crc32: crc32(bytes).toString(16).padStart(8, '0') };
}

interface Seen {
  readonly bytes: Buffer;
  readonly last: boolean;
}

/** Reads all, and compares number, size and digests of each part. */
async function readAll(fd: number, options: ReadPartsOptions, pause = 0): Promise<Seen[]> {
  const seen: Seen[] = [];
  for await (const part of readParts({ fd }, options)) {
    const bytes = Buffer.from(part.bytes);
    expect(part.number).toBe(seen.length + 1);
    expect(part.digests).toEqual(digestsOf(bytes));
    if (!part.last) expect(bytes.byteLength).toBe(options.partBytesAt(part.number));
    seen.push({ bytes, last: part.last });
    if (pause > 0 && seen.length < 20) setTimeout(part.release, pause);
    else part.release();
  }
  return seen;
}

function expectWhole(seen: readonly Seen[], data: Uint8Array): void {
  expect(Buffer.concat(seen.map(({ bytes }) => bytes)).equals(data)).toBe(true);
  expect(seen.map(({ last }) => last)).toEqual(seen.map((_, at) => at === seen.length - 1));
}

const PART = 65_536;
const sizes = [0, 1, PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 1, 5_000_001];

describe('readParts', () => {
  describe.each([
    ['a pipe', pipeOf],
    ['a file', fileOf],
  ])('reads %s', (_, openIt) => {
    it.each(sizes)('of %i bytes', async (bytes) => {
      const data = randomBytes(bytes);
      const seen = await readAll(await openIt(data), optionsFor(PART));
      expectWhole(seen, data);
      expect(seen.length).toBe(Math.ceil(bytes / PART));
    });

    it.each([1, 2, 5])('with room for %i parts that come back slowly', async (buffers) => {
      const data = randomBytes(2_000_003);
      expectWhole(await readAll(await openIt(data), optionsFor(100_003, { buffers }), 5), data);
    });

    it('into parts smaller than what is read at once', async () => {
      const data = randomBytes(3_001);
      expectWhole(await readAll(await openIt(data), optionsFor(7), 1), data);
      const seen = await readAll(await openIt(data), optionsFor(1, { buffers: 1 }));
      expectWhole(seen, data);
      expect(seen.length).toBe(data.byteLength);
    });

    it('into parts that grow within the memory', async () => {
      const data = randomBytes(1_500_000);
      const partBytesAt = (number: number) => (number < 4 ? 50_000 : number < 6 ? 150_000 : 300_000);
      const pool = createBufferPool(300_000);
      expectWhole(await readAll(await openIt(data), { partBytesAt, pool, buffers: 3, digests: all }), data);
      // All of it came back.
      pool.release(await pool.acquire(300_000, AbortSignal.timeout(20_000)));
    });
  });

  it('takes only the digests that are wanted', async () => {
    const parts = readParts({ fd: await pipeOf(Buffer.from('abc')) }, optionsFor(4, { digests: [] }));
    expect((await parts.next()).value).toMatchObject({ last: true, digests: {} });
    await parts.return();
  });

  it('closes a pipe, and leaves a file open behind what was read', async () => {
    const pipe = await pipeOf(randomBytes(10));
    await readAll(pipe, optionsFor(PART));
    expect(() => fstatSync(pipe)).toThrow('EBADF');
    const file = await fileOf(Buffer.from('abcdef'));
    readSync(file, Buffer.alloc(2));
    expectWhole(await readAll(file, optionsFor(3)), Buffer.from('cdef'));
    closeSync(file);
  });

  it('hands a part on while the producer is silent, as soon as one byte behind it came', async () => {
    const { fd, writer } = await makePipe(folder);
    const parts = readParts({ fd }, optionsFor(4));
    writeSync(writer, 'abcd');
    const first = parts.next();
    const early = await Promise.race([first, wait(100, 'nothing')]);
    expect(early).toBe('nothing');
    writeSync(writer, 'e');
    expect((await first).value).toMatchObject({ number: 1, last: false });
    const second = parts.next();
    closeSync(writer);
    expect((await second).value).toMatchObject({ number: 2, last: true });
    expect((await parts.next()).done).toBe(true);
  });

  it('stops reading while no buffer comes back', async () => {
    const { fd, writer } = await makePipe(folder);
    const producer = spawn('cat', ['/dev/zero'], { stdio: ['ignore', writer, 'ignore'] });
    const exited = once(producer, 'exit');
    closeSync(writer);
    let read = 0;
    const onBytes = (bytes: number) => {
      read += bytes;
    };
    const parts = readParts({ fd, onBytes }, optionsFor(100_000, { buffers: 2 }));
    const held: Part[] = [];
    for (let turn = 0; turn < 2; turn++) held.push((await parts.next()).value as Part);
    const third = parts.next();
    expect(await Promise.race([third, wait(300, 'nothing')])).toBe('nothing');
    // The two parts, and what fits into the spare buffer.
    expect(read).toBeLessThanOrEqual(200_000 + 65_536);
    held[0]?.release();
    expect((await third).value).toMatchObject({ number: 3, last: false });
    await parts.return();
    await exited;
  });

  it('tells of bytes while the first part is being read', async () => {
    const { fd, writer } = await makePipe(folder);
    const told: number[] = [];
    const parts = readParts({ fd, onBytes: (bytes) => told.push(bytes) }, optionsFor(1_000_000));
    const first = parts.next();
    writeSync(writer, Buffer.alloc(10));
    await eventually(async () => told[0]);
    writeSync(writer, Buffer.alloc(20));
    closeSync(writer);
    await first;
    await parts.next();
    expect(told[0]).toBe(10);
    expect(told.reduce((sum, bytes) => sum + bytes, 0)).toBe(30);
  });

  it('throws what the one who counts throws', async () => {
    const failure = new Error('enough');
    const onBytes = () => {
      throw failure;
    };
    await expect(
      readParts({ fd: await pipeOf(randomBytes(10)), onBytes }, optionsFor(PART)).next(),
    ).rejects.toBe(failure);
  });

  it('ends at once when it is aborted while it waits for bytes', async () => {
    const { fd, writer } = await makePipe(folder);
    const controller = new AbortController();
    const reason = new Error('enough');
    const next = readParts({ fd }, optionsFor(PART, { signal: controller.signal })).next();
    const ended = expect(next).rejects.toBe(reason);
    await wait(100);
    const at = performance.now();
    controller.abort(reason);
    await ended;
    expect(performance.now() - at).toBeLessThan(20_000);
    expect(() => writeSync(writer, 'x')).toThrow('EPIPE');
    closeSync(writer);
  });

  it('ends at once when it is aborted while it waits for a buffer', async () => {
    const controller = new AbortController();
    const pool = createBufferPool(2 * PART);
    const options = optionsFor(PART, { signal: controller.signal, pool, buffers: 2 });
    const parts = readParts({ fd: await pipeOf(randomBytes(10 * PART)) }, options);
    const held = [(await parts.next()).value as Part, (await parts.next()).value as Part];
    const third = expect(parts.next()).rejects.toThrow('aborted');
    controller.abort();
    await third;
    for (const part of held) part.release();
    pool.release(await pool.acquire(2 * PART, AbortSignal.timeout(20_000)));
  });

  it('only closes the pipe when it is aborted before', async () => {
    const fd = await pipeOf(randomBytes(10));
    await expect(readParts({ fd }, optionsFor(PART, { signal: AbortSignal.abort() })).next()).rejects.toThrow(
      'aborted',
    );
    expect(() => closeSync(fd)).toThrow('EBADF');
  });

  it('throws when reading fails, and never tells a last part then', async () => {
    await using directory = await open(folder, 'r');
    const error = readParts({ fd: directory.fd }, optionsFor(PART)).next();
    await expect(error).rejects.toMatchObject({ code: 'EISDIR' });
  });

  it('reads a socket, and throws when it is reset', async () => {
    const data = randomBytes(3_000_017);
    const { fd, client, server } = await connect();
    client.end(data);
    expectWhole(await readAll(fd, optionsFor(PART)), data);
    server.close();
    const broken = await connect();
    const parts = readParts({ fd: broken.fd }, optionsFor(PART));
    broken.client.write(Buffer.alloc(PART));
    const first = parts.next();
    await wait(50);
    broken.client.resetAndDestroy();
    await expect(first).rejects.toMatchObject({ code: 'ECONNRESET' });
    broken.server.close();
  });

  it('leaves no thread and no descriptor behind, however it ends', async () => {
    const everyWay = async () => {
      await readAll(await pipeOf(randomBytes(300_000)), optionsFor(PART));
      for await (const part of readParts({ fd: await pipeOf(randomBytes(300_000)) }, optionsFor(PART))) {
        part.release();
        break;
      }
      const options = optionsFor(PART, { signal: AbortSignal.timeout(20) });
      const { fd, writer } = await makePipe(folder);
      await readParts({ fd }, options)
        .next()
        .catch(() => {});
      closeSync(writer);
      const unread = await makePipe(folder);
      const aborted = optionsFor(PART, { signal: AbortSignal.abort() });
      await expect(readParts({ fd: unread.fd }, aborted).next()).rejects.toThrow('aborted');
      closeSync(unread.writer);
    };
    await everyWay();
    await wait(100);
    const count = async () => [
      (await readdir('/proc/self/fd')).length,
      (await readdir('/proc/self/task')).length,
      process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length,
    ];
    const before = await count();
    const turns = 5;
    for (let turn = 0; turn < turns; turn++) await everyWay();
    const grown = async () => (await count()).map((number, at) => Math.max(0, number - (before[at] ?? 0)));
    // what is left behind is left each time; Node itself starts a thread now and then, once
    await expect.poll(async () => Math.max(...(await grown())), { timeout: 5_000 }).toBeLessThan(turns);
  });
});

describe('isReadableDescriptor', () => {
  it('takes pipes and files, and no devices or what is not open', async () => {
    const { fd, writer } = await makePipe(folder);
    await using file = await open(join(folder, 'file'), 'w+');
    await using device = await open('/dev/null', 'r');
    expect([fd, file.fd, device.fd, 987_654].map(isReadableDescriptor)).toEqual([true, true, false, false]);
    closeSync(fd);
    closeSync(writer);
  });
});

/** Kept for ever: its descriptor belongs to the reader, and closing it twice could hit another one. */
const forgotten: Socket[] = [];

async function connect(): Promise<{ fd: number; client: Socket; server: Server }> {
  const server = createServer({ pauseOnConnect: true });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const client = connectTo(port, '127.0.0.1');
  client.on('error', () => {});
  const socket = await accepted;
  forgotten.push(socket);
  socket.unref();
  const { fd } = (socket as unknown as { _handle: { fd: number } })._handle;
  return { fd, client, server };
}
