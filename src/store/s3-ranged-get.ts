/**
 * GETs whose body lands in the caller's buffer: one read of the socket fills megabytes, where a response stream
 * hands over pieces of 64 KiB (16 KiB over TLS), each with an allocation and an event of its own.
 */
import { connect as connectTcp, isIP, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { coded, timeoutError } from './coded-error.ts';
import { type AnswerTarget, type IncomingAnswer, type RangedAnswer, receiveAnswer } from './ranged-answer.ts';

export interface RangedGet extends AnswerTarget {
  readonly secure: boolean;
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly connectMs: number;
  /** Without a byte for so long the connection counts as broken. */
  readonly idleMs: number;
  readonly signal?: AbortSignal | undefined;
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
  readonly answer: IncomingAnswer;
  readonly settle: (outcome: RangedAnswer | Failure) => void;
}

class Failure {
  readonly error: unknown;
  constructor(error: unknown) {
    this.error = error;
  }
}

const SCRATCH_BYTES = 16 * 1024;

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
      buffer: () => state.exchange?.answer.room() ?? scratch,
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
      attempt(connection, () => connection.exchange?.answer.close());
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
        resolve({ result, answered: answer.hasBegun() });
      };
      const answer = receiveAnswer(request, (result, keepsAlive) => {
        settle(result);
        if (keepsAlive) keep(connection);
        else connection.socket.destroy();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
      connection.exchange = { get: request, answer, settle };
      if (connection.isConnected) connection.socket.setTimeout(request.idleMs);
      connection.socket.write(text, 'latin1');
    });
  }

  /** `raw` when it is not in the caller's buffer already. */
  function take(connection: Connection, bytes: number, raw: Buffer | undefined): void {
    const { exchange } = connection;
    attempt(connection, () => {
      // Nothing was asked, or not so much.
      if (!exchange) throw coded('HPE_CLOSED_CONNECTION', 'bytes behind the answer');
      if (raw) exchange.answer.take(raw);
      else exchange.answer.fill(bytes);
    });
  }

  function attempt(connection: Connection, step: () => void): void {
    try {
      step();
    } catch (error) {
      fail(connection, error);
    }
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

function timedOut({ isConnected, exchange }: Connection): Error {
  const { connectMs, idleMs } = exchange?.get ?? { connectMs: 0, idleMs: 0 };
  return timeoutError(
    isConnected ? `nothing moved for ${idleMs} ms` : `no connection within ${connectMs} ms`,
  );
}

function isReset(error: unknown): boolean {
  return ['ECONNRESET', 'EPIPE'].includes((error as NodeJS.ErrnoException).code ?? '');
}

const nameOf = ({ secure, host, port }: RangedGet) => `${secure ? 'https' : 'http'}://${host}:${port}`;
