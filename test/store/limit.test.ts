import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pput } from '../../src/pput.ts';
import { openStore as openAny } from '../../src/store/open-store.ts';
import { createS3Store } from '../../src/store/s3-store.ts';
import { createRateLimit } from '../../src/stream/rate-limit.ts';
import { collect } from '../stream/fixtures.ts';
import { download } from '../transfer/download-all.ts';
import { type Answer, openStore } from './answering-server.ts';
import { onRequests, startRawServer } from './raw-server.ts';

const MIB = 1024 ** 2;
const RATE = 5 * MIB;
const LENGTH = 6 * MIB;

async function* bytes(length: number) {
  for (let at = 0; at < length; at += 64 * 1024) {
    yield Buffer.alloc(Math.min(64 * 1024, length - at), at / (64 * 1024));
  }
}

async function secondsOf(work: Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work;
  return (performance.now() - startedAt) / 1000;
}

/** Never faster than the rate; slower by 10 %, and by what a busy machine adds. */
function expectRateHeld(seconds: number, length = LENGTH): void {
  expect(seconds).toBeGreaterThan((length / RATE) * 0.9 - 0.25);
  expect(seconds).toBeLessThan((length / RATE) * 1.1 + 8);
}

describe('a directory store with a limit', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'limit-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const open = (bytesPerSecond?: number) => openAny(`file://${folder}`, { prefix: '', bytesPerSecond });

  it('takes and gives so many bytes in a second', async () => {
    const store = await open(RATE);
    const putting = pput({ store, key: 'k', source: bytes(LENGTH), partBytes: 5 * MIB });
    expectRateHeld(await secondsOf(putting));
    let got: Buffer = Buffer.alloc(0);
    const getting = async () => {
      got = await collect(download({ store, key: 'k' }));
    };
    expectRateHeld(await secondsOf(getting()));
    expect(got.equals(await collect(bytes(LENGTH)))).toBe(true);
    await open(1024);
    const fast = await open();
    expect(await secondsOf(collect(download({ store: fast, key: 'k' })))).toBeLessThan(20);
  });

  it('is interrupted while it waits, and leaves nothing', async () => {
    const store = await open(1024);
    const stop = new AbortController();
    const putting = pput({
      ...{ store, key: 'k', source: bytes(LENGTH), partBytes: 5 * MIB, signal: stop.signal },
    });
    setTimeout(() => stop.abort(new Error('enough')), 50);
    const seconds = await secondsOf(expect(putting).rejects.toThrow('enough'));
    expect(seconds).toBeLessThan(20);
    expect(await store.head('k')).toBeUndefined();
    expect(await store.openUploads('')).toEqual([]);
  });

  it('is interrupted while it reads', async () => {
    await pput({ store: await open(), key: 'k', source: bytes(LENGTH) });
    const { signal } = new AbortController();
    const either = AbortSignal.any([signal, AbortSignal.timeout(50)]);
    const getting = collect(download({ store: await open(1024), key: 'k', signal: either }));
    expect(await secondsOf(expect(getting).rejects.toThrow('timeout'))).toBeLessThan(20);
  });

  it('tells our own programs of it', async () => {
    expect((await open(RATE)).arguments).toEqual(['--store', `file://${folder}`, '--bwlimit', String(RATE)]);
  });
});

describe('an S3 store with a limit', () => {
  const body = Buffer.alloc(LENGTH, 'abcdefg');
  const serve: Answer = ({ method, headers }, response) => {
    const [, from = 0, to = LENGTH - 1] = /bytes=(\d+)-(\d+)/.exec(headers.range ?? '')?.map(Number) ?? [];
    const end = Math.min(to, LENGTH - 1);
    const range = headers.range === undefined ? {} : { 'content-range': `bytes ${from}-${end}/${LENGTH}` };
    const length = method === 'PUT' ? {} : { 'content-length': String(end + 1 - from) };
    response.writeHead(headers.range === undefined ? 200 : 206, { etag: '"abc"', ...range, ...length });
    response.end(method === 'GET' ? body.subarray(from, end + 1) : undefined);
  };

  it('sends a body evenly at that rate, all of it', async () => {
    const { store, requests } = await openStore(serve, { limit: createRateLimit(RATE) });
    expectRateHeld(await secondsOf(store.put('k', body)));
    expect(requests[0]?.body.equals(body)).toBe(true);
    expect(store.requests?.()).toBe(1);
  });

  it('receives at that rate, as a stream and into a buffer', async () => {
    const { store } = await openStore(serve, { limit: createRateLimit(RATE) });
    const into = Buffer.alloc(LENGTH);
    let told = 0;
    const reading = store.getInto?.('k', into, {
      first: 0,
      onBytes: (filled) => {
        told = filled;
      },
    });
    expectRateHeld(await secondsOf(reading ?? Promise.reject(new Error('no getInto'))));
    expect([told, into.equals(body)]).toEqual([LENGTH, true]);
    const streaming = async () => collect((await store.get('k')).chunks);
    expectRateHeld(await secondsOf(streaming()));
  });

  it('shares it among those that read and write at once', async () => {
    const { store } = await openStore(serve, { limit: createRateLimit(RATE) });
    const half = LENGTH / 2;
    const into = Buffer.alloc(half);
    const both = Promise.all([store.put('k', body.subarray(half)), store.getInto?.('k', into, { first: 0 })]);
    expectRateHeld(await secondsOf(both));
    expect(into.equals(body.subarray(0, half))).toBe(true);
    const again = store.getInto?.('k', into, { first: half });
    expectRateHeld(await secondsOf(again ?? Promise.resolve()), half);
  });

  it.each(['put', 'get'] as const)('is interrupted at once in the middle of a %s', async (what) => {
    const { store } = await openStore(serve, { limit: createRateLimit(16 * 1024) });
    const signal = AbortSignal.timeout(200);
    const working =
      what === 'put'
        ? store.put('k', body, { signal })
        : store.getInto?.('k', Buffer.alloc(LENGTH), { first: 0, signal });
    expect(await secondsOf(expect(working).rejects.toThrow('timeout'))).toBeLessThan(20);
  });

  it('holds it over https as well', async ({ onTestFinished }) => {
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    onTestFinished(() => void delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']);
    const { port } = await startRawServer((socket) => {
      onRequests(socket, (head) => {
        const isPut = head.startsWith('PUT ');
        const range = `content-range: bytes 0-${LENGTH - 1}/${LENGTH}\r\n`;
        const about = isPut ? 'content-length: 0\r\n' : `content-length: ${LENGTH}\r\n${range}`;
        socket.write(`HTTP/1.1 ${isPut ? '200 OK' : '206 Partial Content'}\r\netag: "abc"\r\n${about}\r\n`);
        if (!isPut) socket.write(body);
      });
    }, true);
    const store = createS3Store({
      ...{ bucket: 'b', prefix: '', endpoint: `https://127.0.0.1:${port}`, limit: createRateLimit(RATE) },
      credentials: { accessKeyId: 'AK', secretAccessKey: 'SK' },
    });
    onTestFinished(() => store.close());
    expectRateHeld(await secondsOf(store.put('k', body)));
    const into = Buffer.alloc(LENGTH);
    const reading = store.getInto?.('k', into, { first: 0 });
    expectRateHeld(await secondsOf(reading ?? Promise.reject(new Error('no getInto'))));
    expect(into.equals(body)).toBe(true);
  });
});
