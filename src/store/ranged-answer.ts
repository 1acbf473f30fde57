/** What comes back for a GET of a range, from its first byte to its last; knows nothing of sockets. */
import type { RateLimit } from '../stream/rate-limit.ts';
import { createChunkedBody } from './chunked-body.ts';
import { coded, wrongLength } from './coded-error.ts';
import { type AnswerHead, parseHead, rangeBytes, wholeBody } from './http-answer.ts';

export interface AnswerTarget {
  /** Filled from its start. */
  readonly into: Uint8Array;
  /** For the body; none if not given. */
  readonly limit?: RateLimit | undefined;
  /** Called with the number of bytes of the body that are in `into` so far. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

export interface RangedAnswer extends Pick<AnswerHead, 'statusCode' | 'reason' | 'headers'> {
  /** Of a refusal. Empty after a success, also when its body was not read because it would not fit. */
  readonly body: Buffer;
}

/** Told once, with the last byte. The connection may be used again where it is kept alive. */
export type OnAnswer = (answer: RangedAnswer, keepsAlive: boolean) => void;

interface Body {
  /** Where the next bytes belong; absent where they have to be looked at first. */
  room?(): Uint8Array | undefined;
  /** Bytes that came to where `room` said. */
  fill?(bytes: number): void;
  /** Bytes that came elsewhere. */
  take(raw: Buffer): void;
  /** The connection was closed. Returns where that is the end of the body. */
  close(): void;
}

/** Bytes come in, cut anywhere; all of it throws at what is no answer, or none to the end. */
export interface IncomingAnswer extends Required<Body> {
  /** Whether anything of it came. */
  hasBegun(): boolean;
}

/** A server that sends more than this before the body, or as a refusal, is none of S3. */
const MAX_RAW_BYTES = 1024 ** 2;
const HEAD_END = '\r\n\r\n';
const NOTHING: Buffer = Buffer.alloc(0);

export function receiveAnswer(target: AnswerTarget, onAnswer: OnAnswer): IncomingAnswer {
  let raw = NOTHING;
  let body: Body | undefined;
  return {
    hasBegun: () => body !== undefined || raw.byteLength > 0,
    room: () => body?.room?.(),
    fill: (bytes) => body?.fill?.(bytes),
    take: (bytes) => {
      if (body) return body.take(bytes);
      raw = appended(raw, bytes);
      for (let end = raw.indexOf(HEAD_END); end >= 0; end = raw.indexOf(HEAD_END)) {
        const head = parseHead(raw.toString('latin1', 0, end));
        raw = raw.subarray(end + HEAD_END.length);
        // 100 Continue and the like only announce the answer.
        if (head.statusCode < 200) continue;
        body = bodyOf(head, target, onAnswer);
        return body.take(raw);
      }
    },
    close: () => (body ? body.close() : brokenOff()),
  };
}

function bodyOf(head: AnswerHead, target: AnswerTarget, onAnswer: OnAnswer): Body {
  if (head.statusCode >= 300) return refusal(head, onAnswer);
  // Something between us and the store may have taken the length away; then the range tells it.
  const length = typeof head.length === 'number' ? head.length : rangeBytes(head.headers);
  if (length === undefined || length > target.into.byteLength) return unread(head, onAnswer);
  return typeof head.length === 'number'
    ? announced(head, length, target, onAnswer)
    : unannounced(head, length, target, onAnswer);
}

function refusal(head: AnswerHead, onAnswer: OnAnswer): Body {
  let raw = NOTHING;
  const end = (closed: boolean) => {
    const body = wholeBody(raw, head.length, closed);
    if (body) onAnswer({ ...head, body }, false);
    return body !== undefined;
  };
  return {
    take: (bytes) => {
      raw = appended(raw, bytes);
      end(false);
    },
    close: () => {
      if (!end(true)) brokenOff();
    },
  };
}

function unread(head: AnswerHead, onAnswer: OnAnswer): Body {
  return { take: () => onAnswer({ ...head, body: NOTHING }, false), close: brokenOff };
}

/** The socket reads into the caller's buffer. */
function announced(
  head: AnswerHead,
  length: number,
  { into, limit, onBytes }: AnswerTarget,
  onAnswer: OnAnswer,
): Body {
  let filled = 0;
  let { keepsAlive } = head;
  const fill = (bytes: number) => {
    filled += bytes;
    onBytes?.(filled);
    if (filled >= length) onAnswer({ ...head, body: NOTHING }, keepsAlive);
  };
  return {
    room: () => {
      if (filled >= length) return undefined;
      const end = limit ? Math.min(length, filled + limit.sliceBytes) : length;
      // Cheaper than `subarray`, and over TLS it happens for every 16 KiB.
      return new Uint8Array(into.buffer, into.byteOffset + filled, end - filled);
    },
    fill,
    take: (raw) => {
      // Whoever sends more than was announced is not asked again here.
      if (raw.byteLength > length - filled) keepsAlive = false;
      const bytes = raw.subarray(0, length - filled);
      into.set(bytes, filled);
      fill(bytes.byteLength);
    },
    close: brokenOff,
  };
}

/**
 * Only the end shows whether it is as long as the range: until then the last byte is not told of, so that nobody
 * takes the range for whole.
 */
function unannounced(
  head: AnswerHead,
  length: number,
  { into, onBytes }: AnswerTarget,
  onAnswer: OnAnswer,
): Body {
  let filled = 0;
  const put = (data: Buffer) => {
    if (filled + data.byteLength > length) throw wrongLength(filled + data.byteLength, length);
    into.set(data, filled);
    filled += data.byteLength;
    onBytes?.(Math.min(filled, length - 1));
  };
  const end = (keepsAlive: boolean) => {
    if (filled < length) throw wrongLength(filled, length);
    onBytes?.(length);
    onAnswer({ ...head, body: NOTHING }, keepsAlive);
  };
  if (head.length === 'until close') {
    return { take: put, close: () => (filled < length ? brokenOff() : end(false)) };
  }
  const chunks = createChunkedBody(put);
  return {
    take: (raw) => {
      const surplus = chunks.take(raw);
      if (chunks.isWhole()) end(head.keepsAlive && surplus === 0);
    },
    close: brokenOff,
  };
}

function appended(raw: Buffer, bytes: Buffer): Buffer {
  const both = Buffer.concat([raw, bytes]);
  if (both.byteLength > MAX_RAW_BYTES) throw coded('HPE_HEADER_OVERFLOW', 'an answer too long');
  return both;
}

function brokenOff(): never {
  throw coded('ECONNRESET', 'the connection was closed before the end of the answer');
}
