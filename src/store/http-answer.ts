/** What a server answers to a GET over HTTP/1.1, taken apart; pure. */
import { createChunkedBody } from './chunked-body.ts';
import { coded } from './coded-error.ts';

export interface AnswerHead {
  readonly statusCode: number;
  readonly reason: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whether the connection may be used again. */
  readonly keepsAlive: boolean;
  /** Bytes of the body, or how to find its end. */
  readonly length: BodyLength;
}

export type BodyLength = number | 'chunked' | 'until close';

/** `text` is everything before the empty line. Throws an error with a code of `HPE_…`, as Node's own parser. */
export function parseHead(text: string): AnswerHead {
  const [first = '', ...lines] = text.split('\r\n');
  const [, minor, status, reason = ''] = /^HTTP\/1\.([01]) (\d{3})(?: (.*))?$/.exec(first) ?? [];
  if (status === undefined) throw coded('HPE_INVALID_CONSTANT', 'this is no answer of HTTP/1.1');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 1) throw coded('HPE_INVALID_HEADER_TOKEN', 'a header without a name');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  const statusCode = Number(status);
  return {
    statusCode,
    reason,
    headers,
    keepsAlive: minor === '1' && !/\bclose\b/i.test(headers['connection'] ?? ''),
    length: lengthOf(statusCode, headers),
  };
}

function lengthOf(statusCode: number, headers: Readonly<Record<string, string>>): BodyLength {
  if (statusCode < 200 || statusCode === 204 || statusCode === 304) return 0;
  if (headers['transfer-encoding'] !== undefined) {
    return /\bchunked$/i.test(headers['transfer-encoding']) ? 'chunked' : 'until close';
  }
  const length = headers['content-length'];
  if (length === undefined) return 'until close';
  // Two of them come joined, and one of them lies.
  if (!/^\d+$/.test(length)) throw coded('HPE_INVALID_CONTENT_LENGTH', `a length of ${length}`);
  return Number(length);
}

/** How many bytes `Content-Range: bytes 10-19/100` promises. */
export function rangeBytes(headers: Readonly<Record<string, string>>): number | undefined {
  const [, first, last] = /^bytes (\d+)-(\d+)\//.exec(headers['content-range'] ?? '')?.map(Number) ?? [];
  return first === undefined || last === undefined || last < first ? undefined : last - first + 1;
}

/** The body in what has come so far, `closed` when nothing more will; `undefined` when it is not all there. */
export function wholeBody(raw: Buffer, length: BodyLength, closed: boolean): Buffer | undefined {
  if (length === 'until close') return closed ? raw : undefined;
  if (length === 'chunked') return unchunked(raw);
  return raw.byteLength >= length ? raw.subarray(0, length) : undefined;
}

function unchunked(raw: Buffer): Buffer | undefined {
  const pieces: Buffer[] = [];
  const chunks = createChunkedBody((data) => pieces.push(data));
  chunks.take(raw);
  return chunks.isWhole() ? Buffer.concat(pieces) : undefined;
}
