import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createRangedGets, type RangedGet } from '../../src/store/s3-ranged-get.ts';
import { onRequests, startRawServer } from './raw-server.ts';

const IDLE_MS = 300;
const BODY = randomBytes(300_000);

beforeAll(() => {
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
});
afterAll(() => {
  delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
});

interface Rest extends Partial<RangedGet> {
  readonly port: number;
}

function openGets() {
  const gets = createRangedGets();
  onTestFinished(gets.destroy);
  const told: number[] = [];
  return {
    told,
    ask: async (rest: Rest, into: Uint8Array = new Uint8Array(BODY.byteLength)) => {
      const answer = await gets.get({
        ...{ secure: false, host: '127.0.0.1', path: '/b/k', headers: { host: 'h' }, into },
        ...{ idleMs: 60_000, connectMs: 20_000, onBytes: (bytes) => told.push(bytes) },
        ...rest,
      });
      return { ...answer, into: Buffer.from(into) };
    },
  };
}

const whole = (head = `HTTP/1.1 206 Partial\r\nContent-Length: ${BODY.byteLength}\r\n\r\n`) =>
  Buffer.concat([Buffer.from(head), BODY]);

/** The head of a range whose length nobody tells but the range. */
const CHUNKED = (bytes: number) =>
  `HTTP/1.1 206 OK\r\ntransfer-encoding: chunked\r\ncontent-range: bytes 0-${bytes - 1}/999999\r\n\r\n`;

function inChunks(bytes: Uint8Array, size: number): Buffer {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.byteLength; at += size) {
    const data = bytes.subarray(at, at + size);
    pieces.push(Buffer.from(`${data.byteLength.toString(16)}\r\n`), data, Buffer.from('\r\n'));
  }
  return Buffer.concat([...pieces, Buffer.from('0\r\n\r\n')]);
}

/** Each request gets the same answer. */
const answering =
  (...pieces: ReadonlyArray<string | Uint8Array>) =>
  (socket: Socket) => {
    onRequests(socket, () => {
      for (const piece of pieces) socket.write(piece);
    });
  };

/** Pieces of these sizes, in turns, each in a segment of its own. */
async function writeSlowly(socket: Socket, bytes: Buffer, sizes: readonly number[]): Promise<void> {
  for (let at = 0, n = 0; at < bytes.byteLength; n += 1) {
    const size = sizes[n % sizes.length] ?? 1;
    socket.write(bytes.subarray(at, at + size));
    at += size;
    await new Promise(setImmediate);
  }
}

const SECURE = [
  ['http', false],
  ['https', true],
] as const;

describe.each(SECURE)('a range read over %s', (_, secure) => {
  it('fills the buffer, which may be shared memory, and nothing around it', async () => {
    const server = await startRawServer(answering(whole()), secure);
    const memory = Buffer.from(new SharedArrayBuffer(BODY.byteLength + 20)).fill(7);
    const { ask, told } = openGets();
    const { statusCode } = await ask({ ...server, secure }, memory.subarray(10, -10));
    expect(statusCode).toBe(206);
    expect(memory.subarray(10, -10).equals(BODY)).toBe(true);
    expect([...memory.subarray(0, 10), ...memory.subarray(-10)].every((byte) => byte === 7)).toBe(true);
    expect(told.at(-1)).toBe(BODY.byteLength);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
  });

  it('uses the connection again', async () => {
    const server = await startRawServer(answering(whole()), secure);
    const { ask } = openGets();
    for (let n = 0; n < 3; n += 1) {
      expect((await ask({ ...server, secure })).into.equals(BODY)).toBe(true);
    }
    expect(server.sockets).toHaveLength(1);
  });

  it('uses as many connections as there are requests at once', async () => {
    const server = await startRawServer(answering(whole()), secure);
    const { ask } = openGets();
    const answers = await Promise.all([1, 2, 3, 4].map(() => ask({ ...server, secure })));
    for (const { into } of answers) expect(into.equals(BODY)).toBe(true);
    expect(server.sockets).toHaveLength(4);
  });

  it('tells how far it came when the connection breaks', async () => {
    const server = await startRawServer((socket) => {
      onRequests(socket, () => socket.end(whole().subarray(0, -1_000)));
    }, secure);
    const { ask, told } = openGets();
    const into = new Uint8Array(BODY.byteLength);
    await expect(ask({ ...server, secure }, into)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(told.at(-1)).toBe(BODY.byteLength - 1_000);
    expect(Buffer.from(into).subarray(0, -1_000).equals(BODY.subarray(0, -1_000))).toBe(true);
  });

  it('ends when nothing moves, and not while something does', async () => {
    const server = await startRawServer((socket, number) => {
      onRequests(socket, () => {
        if (number === 1) return void socket.write(whole().subarray(0, 5_000));
        void writeEvery(socket, whole(), 20_000, 250);
      });
    }, secure);
    const { ask } = openGets();
    const stalled = ask({ ...server, secure, idleMs: IDLE_MS });
    await expect(stalled).rejects.toMatchObject({
      name: 'TimeoutError',
      message: 'nothing moved for 300 ms',
    });
    expect((await ask({ ...server, secure, idleMs: 4_000 })).into.equals(BODY)).toBe(true);
  });

  it('ends when it is interrupted, and leaves the buffer alone from then on', async () => {
    const server = await startRawServer((socket) => {
      onRequests(socket, () => void writeEvery(socket, whole(), 50_000, 30));
    }, secure);
    const { ask } = openGets();
    const abort = new AbortController();
    const into = new Uint8Array(BODY.byteLength);
    const asked = ask(
      { ...server, secure, signal: abort.signal, onBytes: () => abort.abort('enough') },
      into,
    );
    await expect(asked).rejects.toBe('enough');
    into.fill(9);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(into.every((byte) => byte === 9)).toBe(true);
  });
});

async function writeEvery(socket: Socket, bytes: Buffer, step: number, pauseMs: number): Promise<void> {
  for (let at = 0; at < bytes.byteLength; at += step) {
    socket.write(bytes.subarray(at, at + step));
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

describe('an answer', () => {
  it('is understood however it is cut into pieces', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 5 });
    const body = fc.uint8Array({ minLength: 1, maxLength: 500 });
    const kinds = fc.constantFrom('plain', 'continued', 'refused', 'chunked', 'range in chunks');
    let play: { answer: Buffer; sizes: readonly number[] } = { answer: BODY, sizes: [1] };
    const server = await startRawServer((socket) => {
      onRequests(socket, () => void writeSlowly(socket, play.answer, play.sizes));
    });
    const { ask } = openGets();
    const property = fc.asyncProperty(body, kinds, sizes, async (bytes, kind, pieces) => {
      play = {
        answer: Buffer.concat([Buffer.from(headOf(kind, bytes)), bodyOf(kind, bytes)]),
        sizes: pieces,
      };
      const { statusCode, body: refusal, into } = await ask(server);
      const isRefusal = kind === 'refused' || kind === 'chunked';
      expect(statusCode).toBe(isRefusal ? 503 : 206);
      expect((isRefusal ? refusal : into.subarray(0, bytes.byteLength)).equals(bytes)).toBe(true);
    });
    await fc.assert(property, { numRuns: 60 });
  });

  function headOf(kind: string, { byteLength }: Uint8Array): string {
    const length = `content-length: ${byteLength}\r\n\r\n`;
    if (kind === 'range in chunks') return CHUNKED(byteLength);
    if (kind === 'chunked') return 'HTTP/1.1 503 Slow Down\r\ntransfer-encoding: chunked\r\n\r\n';
    if (kind === 'refused') return `HTTP/1.1 503 Slow Down\r\n${length}`;
    return `${kind === 'continued' ? 'HTTP/1.1 100 Continue\r\n\r\n' : ''}HTTP/1.1 206 OK\r\n${length}`;
  }

  function bodyOf(kind: string, bytes: Uint8Array): Uint8Array {
    if (kind === 'range in chunks') return inChunks(bytes, 37);
    return kind === 'chunked' ? inChunks(bytes, bytes.byteLength) : bytes;
  }

  it('that refuses brings its headers and its body, up to the end of the connection if need be', async () => {
    const server = await startRawServer((socket) => {
      onRequests(socket, () => socket.end('HTTP/1.1 412 Precondition Failed\r\nDate: now\r\n\r\n<Error/>'));
    });
    const { statusCode, reason, headers, body } = await openGets().ask(server);
    expect({ statusCode, reason, headers }).toEqual({
      statusCode: 412,
      reason: 'Precondition Failed',
      headers: { date: 'now' },
    });
    expect(body.toString()).toBe('<Error/>');
  });

  it.each([
    ['longer than the buffer', `HTTP/1.1 200 OK\r\ncontent-length: ${BODY.byteLength}\r\n\r\n`],
    ['of a length that nobody told', 'HTTP/1.1 200 OK\r\n\r\n'],
    ['in chunks', 'HTTP/1.1 206 OK\r\ntransfer-encoding: chunked\r\n\r\n'],
    ['in chunks, of a range longer than the buffer', CHUNKED(1_001)],
  ])('%s is not read', async (_, head) => {
    const server = await startRawServer(answering(head, BODY));
    const { ask, told } = openGets();
    const { statusCode, body } = await ask(server, new Uint8Array(1_000));
    expect([statusCode, body.byteLength, told.length]).toEqual([head.includes('206') ? 206 : 200, 0, 0]);
  });

  it('shorter than the buffer fills its beginning', async () => {
    const server = await startRawServer(answering('HTTP/1.1 206 OK\r\ncontent-length: 5\r\n\r\nhello'));
    const { into } = await openGets().ask(server, new Uint8Array(8).fill(1));
    expect([...into]).toEqual([...Buffer.from('hello'), 1, 1, 1]);
  });

  it('with more than it announced is right up to there, on a connection that is left', async () => {
    const server = await startRawServer(answering('HTTP/1.1 206 OK\r\ncontent-length: 2\r\n\r\nhello'));
    const { ask } = openGets();
    for (let n = 1; n <= 2; n += 1) {
      expect((await ask(server, new Uint8Array(5))).into.toString('latin1')).toBe('he\0\0\0');
      expect(server.sockets).toHaveLength(n);
    }
  });

  it('that is none is told by a code of HPE_', async () => {
    const server = await startRawServer(answering('SSH-2.0-OpenSSH_9.2\r\n\r\n'));
    await expect(openGets().ask(server)).rejects.toMatchObject({ code: expect.stringMatching(/^HPE_/) });
  });

  it('that never ends to begin is not collected for ever', async () => {
    const server = await startRawServer((socket) => {
      onRequests(socket, () => socket.write(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(4 * 1024 ** 2)}`));
    });
    await expect(openGets().ask(server)).rejects.toMatchObject({ code: 'HPE_HEADER_OVERFLOW' });
  });

  it('that closes the connection is followed by another one', async () => {
    const head = `HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: ${BODY.byteLength}\r\n\r\n`;
    const server = await startRawServer(answering(whole(head)));
    const { ask } = openGets();
    await ask(server);
    expect((await ask(server)).into.equals(BODY)).toBe(true);
    expect(server.sockets).toHaveLength(2);
  });
});

describe('a range without a length', () => {
  const UNTIL_CLOSE = `HTTP/1.1 206 OK\r\ncontent-range: bytes 0-${BODY.byteLength - 1}/*\r\n\r\n`;

  it.each(SECURE)('comes in chunks over %s, and leaves the connection for the next', async (_, secure) => {
    const server = await startRawServer(answering(CHUNKED(BODY.byteLength), inChunks(BODY, 70_000)), secure);
    const { ask, told } = openGets();
    for (let n = 0; n < 3; n += 1) {
      expect((await ask({ ...server, secure })).into.equals(BODY)).toBe(true);
      expect(told.at(-1)).toBe(BODY.byteLength);
    }
    expect(server.sockets).toHaveLength(1);
  });

  it('may end with the connection', async () => {
    const server = await startRawServer((socket) => {
      onRequests(socket, () => {
        socket.write(UNTIL_CLOSE);
        socket.end(BODY);
      });
    });
    const { ask, told } = openGets();
    for (let n = 1; n <= 2; n += 1) {
      expect((await ask(server)).into.equals(BODY)).toBe(true);
      expect(server.sockets).toHaveLength(n);
    }
    expect(told.at(-1)).toBe(BODY.byteLength);
  });

  it.each([
    ['longer', CHUNKED(BODY.byteLength - 1), inChunks(BODY, 5_000), 'ERR_BODY_LENGTH'],
    ['longer by all', CHUNKED(1), inChunks(BODY, BODY.byteLength), 'ERR_BODY_LENGTH'],
    ['shorter', CHUNKED(BODY.byteLength), inChunks(BODY.subarray(1), 5_000), 'ERR_BODY_LENGTH'],
    ['cut off', CHUNKED(BODY.byteLength), inChunks(BODY, 5_000).subarray(0, -5), 'ECONNRESET'],
    ['cut off without chunks', UNTIL_CLOSE, BODY.subarray(1), 'ECONNRESET'],
    ['longer without chunks', UNTIL_CLOSE, Buffer.concat([BODY, BODY]), 'ERR_BODY_LENGTH'],
  ])('and a body %s than it is refused, and never told of as whole', async (_, head, body, code) => {
    const server = await startRawServer((socket) => {
      onRequests(socket, () => {
        socket.write(head);
        socket.end(body);
      });
    });
    const { ask, told } = openGets();
    await expect(ask(server)).rejects.toMatchObject({ code });
    const bytes = /bytes 0-(\d+)/.exec(head)?.[1];
    expect(Math.max(0, ...told)).toBeLessThanOrEqual(Number(bytes));
  });

  it('is read to its end, and no further', async () => {
    const more = Buffer.from('HTTP/1.1 206 OK');
    const answer = Buffer.concat([Buffer.from(CHUNKED(5)), inChunks(Buffer.from('hello'), 2), more]);
    const server = await startRawServer(answering(answer));
    const { ask } = openGets();
    for (let n = 1; n <= 2; n += 1) {
      expect((await ask(server, new Uint8Array(5))).into.toString('latin1')).toBe('hello');
      expect(server.sockets).toHaveLength(n);
    }
  });
});

describe('a connection that was kept', () => {
  it('and is closed under the next request is replaced without a word', async () => {
    const server = await startRawServer((socket, number) => {
      let requests = 0;
      onRequests(socket, () => {
        requests += 1;
        if (number === 1 && requests === 2) socket.resetAndDestroy();
        else socket.write(whole());
      });
    });
    const { ask } = openGets();
    await ask(server);
    expect((await ask(server)).into.equals(BODY)).toBe(true);
    expect(server.sockets).toHaveLength(2);
  });

  it('and breaks in the middle of an answer is an error: its bytes were told of', async () => {
    const server = await startRawServer((socket) => {
      let requests = 0;
      onRequests(socket, () => {
        requests += 1;
        if (requests === 1) socket.write(whole());
        else socket.write(whole().subarray(0, 1_000), () => socket.end());
      });
    });
    const { ask } = openGets();
    await ask(server);
    await expect(ask(server)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(server.sockets).toHaveLength(1);
  });

  it('and was closed since is not used', async () => {
    const server = await startRawServer(answering(whole()));
    const { ask } = openGets();
    await ask(server);
    server.sockets[0]?.end();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await ask(server)).into.equals(BODY)).toBe(true);
    expect(server.sockets).toHaveLength(2);
  });

  it('leaves its TLS session to those that follow', async () => {
    const head = `HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: ${BODY.byteLength}\r\n\r\n`;
    const reused: boolean[] = [];
    const server = await startRawServer((socket) => {
      reused.push((socket as TLSSocket).isSessionReused());
      answering(whole(head))(socket);
    }, true);
    const { ask } = openGets();
    for (let n = 0; n < 3; n += 1) await ask({ ...server, secure: true });
    expect(reused).toEqual([false, true, true]);
  });
});
