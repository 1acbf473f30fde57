/**
 * The SDK's requests over `node:http` and `node:https`. Its own handler hands a whole part to TLS at once, which
 * keeps the part a second time, encrypted, and spends more on a request than is needed here.
 */
import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { limitChunks, type RateLimit } from '../stream/rate-limit.ts';
import { timeoutError } from './coded-error.ts';
import { announcedBytes, fillBuffer, type IntoBuffer } from './into-buffer.ts';
import { createRangedGets } from './s3-ranged-get.ts';

export interface S3HttpOptions {
  readonly connectMs: number;
  /** Without a byte in either direction for so long a connection counts as broken. */
  readonly idleMs: number;
  /** For all bodies in both directions together; none if not given. */
  readonly limit?: RateLimit | undefined;
}

/** The part of the SDK's `HttpRequest` that a request is made of. */
interface S3Request {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | string[] | null>>;
  readonly headers: Record<string, string>;
  readonly body?: unknown;
}

/** What the SDK takes for its `HttpResponse`, which it knows by its fields. */
interface S3Answer {
  readonly statusCode: number;
  readonly reason: string | undefined;
  readonly headers: Record<string, string>;
  readonly body: Readable;
}

/** What of the options of `client.send` is meant for here. */
export interface SendOptions {
  readonly abortSignal?: AbortSignal;
  /** Called with the status of an answer as it came: the SDK writes another over that of an error within a 200. */
  readonly onAnswer?: (status: number) => void;
  readonly into?: IntoBuffer;
}

/** TLS encrypts all that it is given at once, and keeps it until it is sent. */
const TLS_SLICE_BYTES = 1024 ** 2;
/** Less is not worth a connection of its own: the one that HEAD was asked on is there already. */
const OWN_CONNECTION_BYTES = 1024 ** 2;

export type S3Connections = ReturnType<typeof createS3Connections>;

/** All connections of a store, kept and used again, whichever client asks. */
export function createS3Connections(maxSockets: number) {
  const plain = new HttpAgent({ keepAlive: true, maxSockets });
  const secure = new HttpsAgent({ keepAlive: true, maxSockets });
  const gets = createRangedGets();
  return {
    plain,
    secure,
    gets,
    destroy: () => {
      for (const each of [plain, secure, gets]) each.destroy();
    },
  };
}

/** For the SDK's `requestHandler`. Ending the connections is up to who made them. */
export function createS3Http(connections: S3Connections, options: S3HttpOptions) {
  async function handle(request: S3Request, { onAnswer, ...options }: SendOptions = {}) {
    const { response } = await exchange(request, options);
    onAnswer?.(response.statusCode);
    return { response };
  }

  async function exchange(request: S3Request, { abortSignal: signal, into }: SendOptions) {
    signal?.throwIfAborted();
    if (into && into.buffer.byteLength >= OWN_CONNECTION_BYTES) {
      return { response: await getInto(request, into, signal) };
    }
    const response = await stream(request, signal);
    if (!into || response.statusCode >= 300) return { response };
    const bytes = announcedBytes(response.headers);
    if (bytes !== undefined && bytes <= into.buffer.byteLength) await fillBuffer(response.body, bytes, into);
    else response.body.destroy();
    return { response: { ...response, body: Readable.from([]) } };
  }

  async function getInto(
    request: S3Request,
    { buffer, onBytes }: IntoBuffer,
    signal: AbortSignal | undefined,
  ) {
    const secure = request.protocol === 'https:';
    const { statusCode, reason, headers, body } = await connections.gets.get({
      ...{ secure, host: hostOf(request), port: request.port ?? (secure ? 443 : 80), path: pathOf(request) },
      ...{ headers: request.headers, into: buffer, onBytes, signal, ...options },
    });
    return {
      statusCode,
      reason,
      headers: { ...headers },
      body: Readable.from(body.byteLength ? [body] : []),
    };
  }

  function stream(request: S3Request, signal: AbortSignal | undefined): Promise<S3Answer> {
    return new Promise((resolve, reject) => {
      const secure = request.protocol === 'https:';
      const call = (secure ? httpsRequest : httpRequest)({
        agent: secure ? connections.secure : connections.plain,
        host: hostOf(request),
        ...(request.port === undefined ? {} : { port: request.port }),
        method: request.method,
        path: pathOf(request),
        headers: request.headers,
      });
      let answer: IncomingMessage | undefined;
      const stop = (error: Error) => (answer ?? call).destroy(error);
      watch(call, secure, stop, options);
      const onAbort = () => stop(signal?.reason);
      signal?.addEventListener('abort', onAbort, { once: true });
      call.once('close', () => signal?.removeEventListener('abort', onAbort));
      call.on('error', reject);
      call.on('response', (response) => {
        answer = response;
        // An answer before the end of the body is a refusal, and the rest of the body is not wanted.
        if (!call.writableFinished) response.once('end', () => call.destroy());
        resolve(answerOf(response, options.limit));
      });
      if (options.limit && request.body instanceof Uint8Array) {
        void sendSlowly(call, request.body, options.limit);
      } else {
        send(call, request.body, secure ? TLS_SLICE_BYTES : Number.POSITIVE_INFINITY);
      }
    });
  }

  return {
    metadata: { handlerProtocol: 'http/1.1' },
    handle,
    destroy: () => {},
    updateHttpClientConfig: () => {},
    httpHandlerConfigs: () => ({}),
  };
}

/** Ends a request that gets no connection, or on which nothing moves. */
function watch(
  call: ClientRequest,
  secure: boolean,
  stop: (error: Error) => void,
  options: S3HttpOptions,
): void {
  const { connectMs, idleMs } = options;
  let connecting: NodeJS.Timeout | undefined;
  const connected = () => clearTimeout(connecting);
  call.once('socket', (socket) => {
    if (!socket.connecting) return;
    connecting = setTimeout(() => stop(timeoutError(`no connection within ${connectMs} ms`)), connectMs);
    socket.once(secure ? 'secureConnect' : 'connect', connected);
  });
  call.once('close', connected);
  call.setTimeout(idleMs, () => stop(timeoutError(`nothing moved for ${idleMs} ms`)));
}

function answerOf(response: IncomingMessage, limit: RateLimit | undefined): S3Answer {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  const body = limit ? Readable.from(limitChunks(response, limit), { objectMode: false }) : response;
  return { statusCode: response.statusCode ?? 0, reason: response.statusMessage, headers, body };
}

/** All at once, or a slice when the one before is on its way. */
function send(call: ClientRequest, body: unknown, sliceBytes: number): void {
  if (!(body instanceof Uint8Array) || body.byteLength <= sliceBytes) {
    call.end(body);
    return;
  }
  let at = 0;
  const next = (error?: Error | null) => {
    // The request's own events tell why.
    if (error || call.destroyed) return;
    const slice = body.subarray(at, at + sliceBytes);
    at += slice.byteLength;
    if (at >= body.byteLength) call.end(slice);
    else call.write(slice, next);
  };
  next();
}

async function sendSlowly(call: ClientRequest, body: Uint8Array, limit: RateLimit): Promise<void> {
  const closed = new AbortController();
  call.once('close', () => closed.abort());
  try {
    for (let at = 0; at < body.byteLength; at += limit.sliceBytes) {
      const slice = body.subarray(at, at + limit.sliceBytes);
      await limit.take(slice.byteLength, closed.signal);
      await new Promise<void>((resolve, reject) => {
        call.write(slice, (error) => (error ? reject(error) : resolve()));
      });
    }
    call.end();
  } catch {
    // The request's own events tell why it ended.
  }
}

function hostOf({ hostname }: S3Request): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

/** As it was signed: encoded by RFC 3986, in the order of the names. */
function pathOf({ path, query = {} }: S3Request): string {
  const pairs = Object.keys(query)
    .sort()
    .flatMap((name) => {
      const value = query[name] ?? undefined;
      if (value === undefined) return [encode(name)];
      return [value].flat().map((each) => `${encode(name)}=${encode(each)}`);
    });
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`;
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
