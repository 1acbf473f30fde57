import { EventEmitter, once } from 'node:events';
import { closeSync, writeSync, write as writeTo } from 'node:fs';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runPput } from '../../src/cli/main.ts';
import { createDirectoryStore } from '../../src/store/directory-store.ts';
import { createStreamBuilder } from '../inspect/build-stream.ts';
import { makePipe } from '../stream/fixtures.ts';
import { checkFields } from './check-fields.ts';
import { readTables } from './docs-tables.ts';
import { type CliOptions, runCli } from './run-cli.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pput-'));
});
afterEach(() => rm(folder, { recursive: true }));

const openStore = () => createDirectoryStore({ path: folder, prefix: '' });
const pput = (words: readonly string[], options?: CliOptions) =>
  runCli(runPput, ['--store', `file://${folder}`, ...words], options);
const text = (value: string) => ({ stdin: Readable.from([Buffer.from(value)]) });

async function read(key: string): Promise<string> {
  const { chunks } = await openStore().get(key);
  const bytes: Uint8Array[] = [];
  for await (const chunk of chunks) bytes.push(chunk);
  return Buffer.concat(bytes).toString();
}

async function leftovers(key: string): Promise<unknown[]> {
  const store = openStore();
  return [await store.head(key), ...(await store.openUploads(''))].filter((each) => each !== undefined);
}

describe('pput', () => {
  it('stores stdin and prints the one line that scripts wait for, with --quiet too', async () => {
    const { status, stdout, stderr } = await pput(['some/key', '--quiet'], text('hello'));
    expect([status, stderr]).toEqual([0, '']);
    const etag = (await openStore().head('some/key'))?.etag;
    expect(stdout).toBe(`{"status": "success", "etag": "${etag}"}\n`);
    expect(await read('some/key')).toBe('hello');
  });

  it('tells more with --json', async () => {
    const { stdout } = await pput(['k', '--json'], text('hello'));
    const table = readTables('json.md').find(({ title }) => title.startsWith('On one line'));
    const line = JSON.parse(stdout);
    checkFields(line, table);
    expect(line).toMatchObject({ key: 'k', bytes: 5, parts: 1 });
    expect(stdout.split('\n')).toHaveLength(2);
  });

  it('stores nothing of a ZFS stream that was cut off, and says what to do', async () => {
    const whole = createStreamBuilder().begin().write(Buffer.alloc(4096, 1)).end().bytes();
    const cut = { stdin: Readable.from([whole.subarray(0, 3000)]) };
    const { status, stdout, stderr } = await pput(['k'], cut);
    expect([status, stdout]).toEqual([3, '']);
    expect(stderr).toContain('pput: The ZFS send stream is truncated after 3000 bytes, in record 2 (WRITE)');
    expect(stderr).toContain('what to do: Whatever made it failed, or was cut off');
    expect(await leftovers('k')).toEqual([]);
    expect(
      await pput(['k', '--expect', 'none'], { stdin: Readable.from([whole.subarray(0, 3000)]) }),
    ).toMatchObject({ status: 0 });
    const { stdout: line } = await pput(['k', '--expect', 'zfs', '--json'], {
      stdin: Readable.from([whole]),
    });
    expect(JSON.parse(line)).toMatchObject({ bytes: whole.byteLength, stream: 'zfs' });
  });

  it('stores nothing that is no ZFS stream with --expect zfs', async () => {
    expect(await pput(['k', '--expect', 'zfs'], text('hello'))).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('The stream is no ZFS send stream'),
    });
    expect(await leftovers('k')).toEqual([]);
  });

  it('sums up on stderr, as an event where a program asks for it', async () => {
    expect((await pput(['k'], text('hello'))).stderr).toMatch(/^k: 5 B, \d\.\d s at .*\/s, 0 retries\n$/);
    const { stdout, stderr } = await pput(['k2', '--progress', 'json'], text('hello'));
    expect(JSON.parse(stderr)).toMatchObject({
      event: 'summary',
      verb: 'upload',
      item: 'k2',
      storedBytes: 5,
    });
    expect(stdout).toMatch(/^\{"status": "success"/);
  });

  it('shows progress although a file or the environment says quiet', async () => {
    const env = { ZFS3BACKUP_QUIET: 'true' };
    expect((await pput(['k'], { ...text('x'), env })).stderr).toBe('');
    expect((await pput(['k2', '--progress'], { ...text('x'), env })).stderr).toMatch(/^k2: 1 B/);
    expect((await pput(['k3', '--progress', 'none'], { ...text('x'), env })).stderr).toBe('');
    expect((await pput(['k4', '--progress', 'none', '--quiet'], text('x'))).stderr).toBe('');
  });

  it('holds to a limit', async () => {
    const startedAt = performance.now();
    const { status } = await pput(['k', '--bwlimit', '1M/s'], text('x'.repeat(1024 ** 2)));
    expect(status).toBe(0);
    expect(performance.now() - startedAt).toBeGreaterThan(700);
    expect((await pput(['k', '--bwlimit', '10'], text('x'))).stderr).toMatch(/--bwlimit: `10` is too small/);
  });

  it('keeps metadata, also values with = in them', async () => {
    await pput(['k', '--meta', 'isfull=true', '--metadata', 'note=a=b=c', '--meta', 'empty='], text('x'));
    expect((await openStore().head('k'))?.metadata).toMatchObject({ isfull: 'true', note: 'a=b=c' });
  });

  it('cuts into parts of the size asked for', async () => {
    const body = 'x'.repeat(11 * 1024 ** 2);
    const { stdout } = await pput(['k', '-s', '5M', '--json'], text(body));
    expect(JSON.parse(stdout)).toMatchObject({ parts: 3, partSize: 5 * 1024 ** 2, bytes: body.length });
    expect(JSON.parse(stdout).etag).toMatch(/-3$/);
  });

  it('replaces what is there, and says so', async () => {
    await pput(['k'], text('old'));
    const { status, stderr } = await pput(['k'], text('new'));
    expect(status).toBe(0);
    expect(stderr).toMatch(/exists already/);
    expect(await read('k')).toBe('new');
  });

  it('runs a program and stores what it writes', async () => {
    const { status } = await pput(['k', '--', 'printf', '%s|%s', '--json', 'a b']);
    expect(status).toBe(0);
    expect(await read('k')).toBe('--json|a b');
  });

  it('stores nothing when the program fails, and repeats its last words', async () => {
    const { status, stdout, stderr } = await pput([
      'k',
      '--',
      'sh',
      '-c',
      'echo data; echo sorry >&2; exit 3',
    ]);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/exited with status 3:\n {4}sorry/);
    expect(await leftovers('k')).toEqual([]);
  });

  it('names a program that is not there', async () => {
    const { status, stderr } = await pput(['k', '--', 'no-such-program-here']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/no-such-program-here: no such program/);
  });

  it('takes -- without a program for a mistake, not for stdin', async () => {
    const { status, stderr } = await pput(['k', '--'], text('x'));
    expect([status, stderr]).toEqual([2, expect.stringMatching(/^pput: --: needs a COMMAND behind it$/m)]);
    expect(await leftovers('k')).toEqual([]);
  });

  it('says of an object that it will be replaced, for it may come otherwise', async () => {
    await pput(['k'], text('x'));
    const { status, stderr } = await pput(['k']);
    expect([status, stderr]).toEqual([1, expect.stringContaining('its object will be replaced')]);
    expect(stderr).toContain('nothing was stored');
  });

  it('refuses an empty stream and stores nothing', async () => {
    const { status, stderr } = await pput(['k']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/empty/);
    expect(await leftovers('k')).toEqual([]);
  });

  it('stores nothing when stdin breaks', async () => {
    const stdin = Readable.from(
      (async function* () {
        yield Buffer.alloc(6 * 1024 ** 2);
        throw new Error('the pipe broke');
      })(),
    );
    const { status } = await pput(['k', '-s', '5M'], { stdin });
    expect(status).toBe(1);
    expect(await leftovers('k')).toEqual([]);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ])('ends at %s with %i and leaves nothing', async (signal, expected) => {
    const signals = new EventEmitter();
    const stdin = new PassThrough();
    const running = pput(['k', '-s', '5M'], { stdin, signals });
    if (!stdin.write(Buffer.alloc(12 * 1024 ** 2))) await once(stdin, 'drain');
    await wait(20);
    signals.emit(signal);
    const { status, stdout, stderr } = await running;
    expect([status, stdout, stderr]).toEqual([expected, '', `pput: interrupted by ${signal}\n`]);
    expect(await leftovers('k')).toEqual([]);
    expect(stdin.destroyed).toBe(true);
    expect(signals.eventNames()).toEqual([]);
  });

  it('tells all that is wrong with its arguments at once', async () => {
    const words = [
      'k',
      '--meta',
      'novalue',
      '--estimated',
      'lots',
      '--file-descriptor',
      'x',
      '--meta',
      'ü=1',
      '--progress',
      '--quiet',
      '-s',
      '1Q',
    ];
    const { status, stderr } = await pput(words);
    expect(status).toBe(2);
    for (const option of [
      '--meta novalue',
      '--estimated',
      '--file-descriptor',
      '--meta ü=1',
      '--progress',
      '--chunk-size',
    ]) {
      expect(stderr).toContain(`pput: ${option}: `);
    }
  });

  it('does not wait for a person to type a stream', async () => {
    const { status, stderr } = await pput(['k'], {
      stdin: Object.assign(new PassThrough(), { isTTY: true }),
    });
    expect(status).toBe(2);
    expect(stderr).toMatch(/stdin: is a terminal/);
  });

  it('reads a pipe or file behind stdin without opening the stream', async () => {
    const stdin = new Readable({ read: () => expect.unreachable('the stream is read') });
    const { fd, writer } = await makePipe(folder);
    const body = 'x'.repeat(11 * 1024 ** 2);
    const writing = promisify(writeTo)(writer, body).then(() => closeSync(writer));
    const words = ['k', '-s', '5M', '--json'];
    const { status, stdout } = await pput(words, { stdin, stdinDescriptor: fd });
    await writing;
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ parts: 3, bytes: body.length });
    expect((await read('k')) === body).toBe(true);
    const path = join(folder, 'input');
    await writeFile(path, 'from a file');
    await using file = await open(path);
    expect((await pput(['k2'], { stdin, stdinDescriptor: file.fd })).status).toBe(0);
    expect(await read('k2')).toBe('from a file');
    expect(stdin.destroyed).toBe(false);
  });

  it('reads the stream when the descriptor is a device', async () => {
    await using device = await open('/dev/null');
    const { status } = await pput(['k'], { ...text('hello'), stdinDescriptor: device.fd });
    expect(status).toBe(0);
    expect(await read('k')).toBe('hello');
  });

  it('ends at SIGTERM while nothing comes out of the pipe', async () => {
    const signals = new EventEmitter();
    const { fd, writer } = await makePipe(folder);
    const running = pput(['k', '-s', '5M'], { stdinDescriptor: fd, signals });
    await promisify(writeTo)(writer, Buffer.alloc(6 * 1024 ** 2));
    await wait(20);
    signals.emit('SIGTERM');
    const { status, stderr } = await running;
    expect([status, stderr]).toEqual([143, 'pput: interrupted by SIGTERM\n']);
    expect(await leftovers('k')).toEqual([]);
    expect(() => writeSync(writer, 'x')).toThrow('EPIPE');
    closeSync(writer);
  });

  it('reads another descriptor', async () => {
    const path = join(folder, 'input');
    await writeFile(path, 'from a file');
    const file = await open(path);
    const { status } = await pput(['k', '--file-descriptor', String(file.fd)]);
    expect(status).toBe(0);
    expect(await read('k')).toBe('from a file');
    await file.close().catch(() => {});
  });

  it('says when a descriptor is not open', async () => {
    const { status, stderr } = await pput(['k', '--file-descriptor', '987']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/no such open descriptor/);
  });

  it('is not taken in by what Node opened for itself', async () => {
    const { readdir, readlink } = await import('node:fs/promises');
    const links = await Promise.all(
      (await readdir('/proc/self/fd')).map(async (fd) => [
        fd,
        await readlink(`/proc/self/fd/${fd}`).catch(() => ''),
      ]),
    );
    const [own = ''] = links.find(([, target]) => target?.startsWith('anon_inode:')) ?? [];
    const { status, stderr } = await pput(['k', '--file-descriptor', own]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/no such open descriptor/);
  });
});
