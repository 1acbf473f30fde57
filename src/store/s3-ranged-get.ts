/**
 * GETs whose body lands in the caller's buffer: one read of the socket fills megabytes, where a response stream
 * hands over pieces of 64 KiB (16 KiB over TLS), each with an allocation and an event of its own.
 */
import { connect as connectTcp, isIP, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { RateLimit } from '../stream/rate-limit.ts';
import { type AnswerHead, coded, parseHead, wholeBody } from './http-answer.ts';

export interface RangedGet {
  readonly secure: boolean;
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Filled from its start. */
  readonly into: Uint8Array;
  readonly connectMs: number;
  /** Without a byte for so long the connection counts as broken. */
  readonly idleMs: number;
  /** For the body; none if not given. */
  readonly limit?: RateLimit | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with the number of bytes of the body that are in `into` so far. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

export interface RangedAnswer extends Pick<AnswerHead, 'statusCode' | 'reason' | 'headers'> {
  /** Of a refusal. Empty after a success, also when its body was not read because it would not fit. */
  readonly body: Buffer;
}

interface Connection {
  readonly name: string;
  readonly socket: Socket;
  isConnected: boolean;
  /** Reads that the limit has not let pass yet. TLS hands on what it has even when it is to pause. */
  held: number;
  exchange: Exchange | undefined;
}

interface Exchange {
  readonly get: RangedGet;
  readonly settle: (outcome: RangedAnswer | Failure) => void;
  /** Of the head; then of the body, when that does not go into the caller's buffer. */
  raw: Buffer;
  head: AnswerHead | undefined;
  /** Bytes of the body that go into the caller's buffer, and those that are there. */
  wanted: number;
  filled: number;
}

class Failure {
  readonly error: unknown;
  constructor(error: unknown) {
    this.error = error;
  }
}

/** A server that sends more than this before the body, or as a refusal, is none of S3. */
const MAX_RAW_BYTES = 1024 ** 2;
const SCRATCH_BYTES = 16 * 1024;
const HEAD_END = '\r\n\r\n';

/** Connections are kept, and used again for the same server; idle ones do not keep the process alive. */
export function createRangedGets() {
  const idle = new Map<string, Connection[]>();
  const open = new Set<Connection>();
  const sessions = new Map<string, Buffer>();

  async function get(request: RangedGet): Promise<RangedAnswer> {
    for (;;) {
      request.signal?.throwIfAborted();
      const kept = takeIdle(nameOf(request));
      const outcome = await exchange(kept ?? connect(request), request);
      if (!(outcome.result instanceof Failure)) return outcome.result;
      // Servers close connections that idle, even while a request is under way: this one was not read.
      if (kept && !outcome.answered && isReset(outcome.result.error)) continue;
      throw outcome.result.error;
    }
  }

  function takeIdle(name: string): Connection | undefined {
    const kept = idle.get(name) ?? [];
    let connection = kept.pop();
    while (connection?.socket.destroyed) connection = kept.pop();
    connection?.socket.ref();
    return connection;
  }

  function keep(connection: Connection): void {
    connection.socket.unref();
    idle.set(connection.name, [...(idle.get(connection.name) ?? []), connection]);
  }

  function forget(connection: Connection): void {
    open.delete(connection);
    idle.set(connection.name, idle.get(connection.name)?.filter((other) => other !== connection) ?? []);
  }

  function connect(get: RangedGet): Connection {
    const name = nameOf(get);
    const scratch = new Uint8Array(SCRATCH_BYTES);
    // The socket asks for its first buffer before there is a connection to look at.
    const state = { exchange: undefined as Exchange | undefined, isConnected: false, held: 0 };
    const onread: OnReadOpts = {
      buffer: () => roomOf(state.exchange) ?? scratch,
      callback: (bytes, buffer) => {
        const limit = connection.exchange?.get.limit;
        take(connection, bytes, buffer === scratch ? Buffer.from(scratch.buffer, 0, bytes) : undefined);
        if (limit) void hold(connection, limit.take(bytes));
        return !limit;
      },
    };
    const socket = openSocket(get, onread, sessions.get(name));
    const connection: Connection = Object.assign(state, { name, socket });
    open.add(connection);
    socket.setNoDelay(true);
    socket.setTimeout(get.connectMs);
    socket.once(get.secure ? 'secureConnect' : 'connect', () => {
      connection.isConnected = true;
      socket.setTimeout(get.idleMs);
    });
    socket.on('session', (session: Buffer) => sessions.set(name, session));
    socket.on('timeout', () => fail(connection, timedOut(connection)));
    socket.on('error', (error) => fail(connection, error));
    socket.on('end', () => socket.destroy());
    socket.on('close', () => {
      forget(connection);
      takeEnd(connection);
    });
    return connection;
  }

  function exchange(connection: Connection, request: RangedGet) {
    return new Promise<{ result: RangedAnswer | Failure; answered: boolean }>((resolve) => {
      const { signal } = request;
      const text = requestOf(request);
      const onAbort = () => fail(connection, signal?.reason);
      const settle = (result: RangedAnswer | Failure) => {
        connection.exchange = undefined;
        signal?.removeEventListener('abort', onAbort);
        resolve({ result, answered: begun.head !== undefined || begun.raw.byteLength > 0 });
      };
      const begun: Exchange = {
        ...{ get: request, settle, raw: Buffer.alloc(0), head: undefined },
        ...{ wanted: 0, filled: 0 },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      connection.exchange = begun;
      if (connection.isConnected) connection.socket.setTimeout(request.idleMs);
      connection.socket.write(text, 'latin1');
    });
  }

  /** `raw` when it is not in the caller's buffer already. */
  function take(connection: Connection, bytes: number, raw: Buffer | undefined): void {
    const { exchange } = connection;
    try {
      // Nothing was asked, or not so much.
      if (!exchange) throw coded('HPE_CLOSED_CONNECTION', 'bytes behind the answer');
      if (!raw) fill(connection, exchange, bytes);
      else takeRaw(connection, exchange, raw);
    } catch (error) {
      fail(connection, error);
    }
  }

  function takeRaw(connection: Connection, exchange: Exchange, bytes: Buffer): void {
    exchange.raw = Buffer.concat([exchange.raw, bytes]);
    if (exchange.raw.byteLength > MAX_RAW_BYTES) throw coded('HPE_HEADER_OVERFLOW', 'an answer too long');
    while (!exchange.head) {
      const end = exchange.raw.indexOf(HEAD_END);
      if (end < 0) return;
      const head = parseHead(exchange.raw.toString('latin1', 0, end));
      exchange.raw = exchange.raw.subarray(end + HEAD_END.length);
      // 100 Continue and the like only announce the answer.
      if (head.statusCode >= 200) exchange.head = head;
    }
    const { head, get, raw } = exchange;
    if (head.statusCode >= 300) {
      takeRefusal(connection, exchange, head, false);
      return;
    }
    if (typeof head.length !== 'number' || head.length > get.into.byteLength) {
      exchange.settle({ ...head, body: Buffer.alloc(0) });
      connection.socket.destroy();
      return;
    }
    exchange.wanted = head.length;
    // Whoever sends more than was announced is not asked again here.
    if (raw.byteLength > head.length) exchange.head = { ...head, keepsAlive: false };
    get.into.set(raw.subarray(0, head.length));
    fill(connection, exchange, Math.min(raw.byteLength, head.length));
  }

  function fill(connection: Connection, exchange: Exchange, bytes: number): void {
    const { get, head } = exchange;
    exchange.filled += bytes;
    get.onBytes?.(exchange.filled);
    if (!head || exchange.filled < exchange.wanted) return;
    exchange.settle({ ...head, body: Buffer.alloc(0) });
    if (head.keepsAlive) keep(connection);
    else connection.socket.destroy();
  }

  function takeRefusal(connection: Connection, { raw, settle }: Exchange, head: AnswerHead, closed: boolean) {
    const body = wholeBody(raw, head.length, closed);
    if (body) settle({ ...head, body });
    if (body) connection.socket.destroy();
  }

  function takeEnd(connection: Connection): void {
    const { exchange } = connection;
    if (exchange?.head && exchange.head.statusCode >= 300)
      takeRefusal(connection, exchange, exchange.head, true);
    fail(connection, coded('ECONNRESET', 'the connection was closed before the end of the answer'));
  }

  function fail(connection: Connection, error: unknown): void {
    connection.exchange?.settle(new Failure(error));
    connection.socket.destroy();
  }

  return {
    /** Rejects when the connection broke; the bytes up to there are in the buffer, as `onBytes` told. */
    get,
    destroy: () => {
      for (const { socket } of open) socket.destroy();
    },
  };
}

async function hold(connection: Connection, over: Promise<void>): Promise<void> {
  connection.held += 1;
  await over;
  connection.held -= 1;
  if (connection.held === 0 && !connection.socket.destroyed) connection.socket.resume();
}

function openSocket(get: RangedGet, onread: OnReadOpts, session: Buffer | undefined): Socket {
  const options = { host: get.host, port: get.port, onread };
  if (!get.secure) return connectTcp(options);
  // An address is no name that a certificate could be asked for by.
  const servername = isIP(get.host) ? {} : { servername: get.host };
  return connectTls({ ...options, ...servername, ...(session && { session }), ALPNProtocols: ['http/1.1'] });
}

function requestOf({ path, headers }: RangedGet): string {
  const lines = Object.entries(headers).map(([name, value]) => {
    if (/[\r\n]/.test(value)) throw coded('ERR_INVALID_CHAR', `a line break in the header ${name}`);
    return `${name}: ${value}\r\n`;
  });
  return `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

function roomOf(exchange: Exchange | undefined): Uint8Array | undefined {
  if (!exchange || exchange.filled >= exchange.wanted) return undefined;
  const { into, limit } = exchange.get;
  const end = limit ? Math.min(exchange.wanted, exchange.filled + limit.sliceBytes) : exchange.wanted;
  // Cheaper than `subarray`, and over TLS it happens for every 16 KiB.
  return new Uint8Array(into.buffer, into.byteOffset + exchange.filled, end - exchange.filled);
}

function timedOut({ isConnected, exchange }: Connection): Error {
  const { connectMs, idleMs } = exchange?.get ?? { connectMs: 0, idleMs: 0 };
  return timeoutError(
    isConnected ? `nothing moved for ${idleMs} ms` : `no connection within ${connectMs} ms`,
  );
}

export function timeoutError(message: string): Error {
  return Object.assign(coded('ETIMEDOUT', message), { name: 'TimeoutError' });
}

function isReset(error: unknown): boolean {
  return ['ECONNRESET', 'EPIPE'].includes((error as NodeJS.ErrnoException).code ?? '');
}

const nameOf = ({ secure, host, port }: RangedGet) => `${secure ? 'https' : 'http'}://${host}:${port}`;
