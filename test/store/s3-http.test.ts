import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createS3Connections, createS3Http } from '../../src/store/s3-http.ts';
import { onRequests, type RawServer, startRawServer } from './raw-server.ts';

const MIB = 1024 ** 2;
const IDLE_MS = 400;
const SECURE = [
  ['http', false],
  ['https', true],
] as const;

beforeAll(() => {
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
});
afterAll(() => {
  delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
});

function openHttp(idleMs = 60_000, connectMs = 20_000) {
  const connections = createS3Connections(8);
  onTestFinished(connections.destroy);
  return createS3Http(connections, { idleMs, connectMs });
}

function requestTo({ port }: Pick<RawServer, 'port'>, secure = false, rest: object = {}) {
  const headers = { host: `127.0.0.1:${port}` };
  const place = { protocol: secure ? 'https:' : 'http:', hostname: '127.0.0.1', port, path: '/b/k' };
  return { method: 'GET', ...place, headers, ...rest };
}

function put(server: RawServer, secure: boolean, body: Uint8Array) {
  const headers = { host: `127.0.0.1:${server.port}`, 'content-length': String(body.byteLength) };
  return requestTo(server, secure, { method: 'PUT', headers, body });
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';

describe.each(SECURE)('a body that is sent over %s', (_, secure) => {
  it('arrives whole, in a request with the very headers that were signed', async () => {
    const body = randomBytes(3 * MIB + 17);
    const seen: Array<{ head: string; body: Buffer }> = [];
    const server = await startRawServer((socket) => {
      onRequests(socket, (head, got) => {
        seen.push({ head, body: Buffer.from(got) });
        socket.write(OK);
      });
    }, secure);
    const http = openHttp();
    const query = { partNumber: '1', uploadId: "a b/c'(1)*!~", empty: '', flag: null };
    const { response } = await http.handle({ ...put(server, secure, body), query: query as never });
    expect(response.statusCode).toBe(200);
    expect(await textOf(response.body)).toBe('');
    const [first, ...lines] = seen[0]?.head.split('\r\n') ?? [];
    expect(first).toBe('PUT /b/k?empty=&flag&partNumber=1&uploadId=a%20b%2Fc%27%281%29%2A%21~ HTTP/1.1');
    expect(lines.map((line) => line.split(':')[0]?.toLowerCase()).sort()).toEqual([
      'connection',
      'content-length',
      'host',
    ]);
    expect(seen[0]?.body.equals(body)).toBe(true);
  });

  it('may take longer than the idle time, as long as bytes move', async () => {
    // The kernels hold up to 10 MiB of it, whose way a client cannot see: so much must leave within the idle time.
    const idleMs = 2500;
    const server = await startRawServer((socket) => drain(socket, 128 * MIB, 4 * MIB, 100), secure);
    const startedAt = performance.now();
    const { response } = await openHttp(idleMs).handle(put(server, secure, Buffer.alloc(128 * MIB)));
    expect(response.statusCode).toBe(200);
    expect(performance.now() - startedAt).toBeGreaterThan(idleMs);
  });

  it('is given up when nobody takes it', async () => {
    const server = await startRawServer((socket) => socket.pause(), secure);
    const sent = openHttp(IDLE_MS).handle(put(server, secure, Buffer.alloc(24 * MIB)));
    await expect(sent).rejects.toMatchObject({
      name: 'TimeoutError',
      message: expect.stringContaining('400 ms'),
    });
  });

  it('is given up when the answer never comes', async () => {
    const server = await startRawServer((socket) => socket.resume(), secure);
    const sent = openHttp(IDLE_MS).handle(put(server, secure, Buffer.alloc(10)));
    await expect(sent).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  it('is not sent to its end when the answer comes before', async () => {
    const server = await startRawServer((socket) => {
      socket.once('data', () => {
        socket.pause();
        socket.write('HTTP/1.1 403 Forbidden\r\ncontent-length: 6\r\n\r\ndenied');
      });
    }, secure);
    const { response } = await openHttp().handle(put(server, secure, Buffer.alloc(64 * MIB)));
    expect(response.statusCode).toBe(403);
    expect(await textOf(response.body)).toBe('denied');
    await wait(50);
    expect(server.sockets[0]?.bytesRead).toBeLessThan(32 * MIB);
  });

  it('is left when it is interrupted', async () => {
    const server = await startRawServer((socket) => socket.pause(), secure);
    const abort = new AbortController();
    const sent = openHttp(60_000).handle(put(server, secure, Buffer.alloc(24 * MIB)), {
      abortSignal: abort.signal,
    });
    setTimeout(() => abort.abort(new Error('SIGTERM')), 50);
    await expect(sent).rejects.toThrow('SIGTERM');
  });
});

/** Reads `bytes` at some speed, then answers. */
function drain(socket: Socket, bytes: number, step: number, pauseMs: number): void {
  let read = 0;
  let next = step;
  socket.on('data', (chunk) => {
    read += chunk.byteLength;
    if (read >= bytes) return void socket.write(OK);
    if (read < next) return;
    next = read + step;
    socket.pause();
    setTimeout(() => socket.resume(), pauseMs);
  });
}

describe('a connection', () => {
  it('that is refused, or leads nowhere, is told by code', async () => {
    const server = await startRawServer(() => {});
    await expect(openHttp().handle(requestTo({ port: 1 }))).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    const { hostname: _, ...rest } = requestTo(server);
    const nowhere = openHttp().handle({ ...rest, hostname: 'no-such-host.invalid' });
    await expect(nowhere).rejects.toMatchObject({ code: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/) });
  });

  it('that nobody shakes hands on is given up', async () => {
    const server = await startRawServer((socket) => socket.pause());
    const asked = openHttp(60_000, 300).handle(requestTo(server, true));
    await expect(asked).rejects.toMatchObject({
      name: 'TimeoutError',
      message: 'no connection within 300 ms',
    });
  });

  it('is used again', async () => {
    const server = await startRawServer((socket) => onRequests(socket, () => socket.write(OK)));
    const http = openHttp();
    for (let n = 0; n < 3; n += 1) await textOf((await http.handle(requestTo(server))).response.body);
    expect(server.sockets).toHaveLength(1);
  });

  it.each([
    ['204 without a body', 'HTTP/1.1 204 No Content\r\n\r\n', ''],
    ['chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n', 'hello'],
    ['a body up to the end', 'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhello', 'hello'],
    [
      '100 Continue first',
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok`,
      'ok',
    ],
  ])('may answer with %s', async (name, answer, expected) => {
    const server = await startRawServer((socket) =>
      onRequests(socket, () => (name.includes('end') ? socket.end(answer) : socket.write(answer))),
    );
    expect(await textOf((await openHttp().handle(requestTo(server))).response.body)).toBe(expected);
  });
});
