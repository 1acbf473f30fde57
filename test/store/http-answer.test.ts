import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseHead, rangeBytes, wholeBody } from '../../src/store/http-answer.ts';

const head = (...lines: string[]) => parseHead(lines.join('\r\n'));

describe('the head of an answer', () => {
  it('tells status, headers and length', () => {
    expect(
      head('HTTP/1.1 206 Partial Content', 'Content-Length: 12', 'ETag:"a:b"', 'x-amz-meta-a:  b '),
    ).toEqual({
      statusCode: 206,
      reason: 'Partial Content',
      headers: { 'content-length': '12', etag: '"a:b"', 'x-amz-meta-a': 'b' },
      keepsAlive: true,
      length: 12,
    });
  });

  it.each([
    ['a length', ['Content-Length: 0'], 0],
    ['chunks', ['Transfer-Encoding: chunked'], 'chunked'],
    [
      'chunks, whatever the length says',
      ['Content-Length: 3', 'transfer-encoding: gzip, Chunked'],
      'chunked',
    ],
    ['neither', [], 'until close'],
  ])('knows the end of the body by %s', (_, lines, length) => {
    expect(head('HTTP/1.1 500 Oops', ...lines).length).toBe(length);
  });

  it.each([100, 204, 304])('knows that %d has no body', (status) => {
    expect(head(`HTTP/1.1 ${status} X`, 'content-length: 7').length).toBe(0);
  });

  it.each([
    [true, 'HTTP/1.1 200 OK', 'connection: keep-alive'],
    [true, 'HTTP/1.1 200', 'x: y'],
    [false, 'HTTP/1.1 200 OK', 'Connection: Close'],
    [false, 'HTTP/1.0 200 OK', 'x: y'],
  ])('says %s about using the connection again after %s, %s', (expected, ...lines) => {
    expect(head(...lines).keepsAlive).toBe(expected);
  });

  it.each([
    ['SSH-2.0-OpenSSH_9.2'],
    ['HTTP/2 200 OK'],
    ['HTTP/1.1 20 OK'],
    ['HTTP/1.1 200 OK', 'no colon'],
    ['HTTP/1.1 200 OK', ': no name'],
    ['HTTP/1.1 200 OK', 'content-length: 1', 'content-length: 2'],
    ['HTTP/1.1 200 OK', 'content-length: -1'],
  ])('is refused with a code of HPE_: %s', (...lines) => {
    expect(() => head(...lines)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^HPE_/) }) as Error,
    );
  });
});

it.each([
  ['bytes 10-19/100', 10],
  ['bytes 0-0/*', 1],
  ['bytes */100', undefined],
  ['bytes 5-4/9', undefined],
  [undefined, undefined],
])('the range %s tells of %j bytes', (range, bytes) => {
  expect(rangeBytes(range === undefined ? {} : { 'content-range': range })).toBe(bytes);
});

describe('a body', () => {
  const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));

  it('in chunks is there when its last chunk is, and not before', () => {
    const property = fc.property(fc.array(bytes.filter(({ length }) => length > 0)), (chunks) => {
      const pieces = chunks.flatMap((chunk) => [
        Buffer.from(`${chunk.byteLength.toString(16)};note=1\r\n`),
        chunk,
        Buffer.from('\r\n'),
      ]);
      const raw = Buffer.concat([...pieces, Buffer.from('0\r\nTrailer: x\r\n\r\n')]);
      expect(wholeBody(raw, 'chunked', false)?.equals(Buffer.concat(chunks))).toBe(true);
      for (let end = 0; end < raw.byteLength; end += 1) {
        expect(wholeBody(raw.subarray(0, end), 'chunked', true)).toBeUndefined();
      }
    });
    fc.assert(property, { numRuns: 50 });
  });

  it('ends by its length, or with the connection', () => {
    const raw = Buffer.from('hello');
    expect(wholeBody(raw, 6, true)).toBeUndefined();
    expect(wholeBody(raw, 4, false)?.toString()).toBe('hell');
    expect(wholeBody(raw, 'until close', false)).toBeUndefined();
    expect(wholeBody(raw, 'until close', true)?.toString()).toBe('hello');
  });

  it('of chunks that are none is refused', () => {
    expect(() => wholeBody(Buffer.from('hello\r\n'), 'chunked', false)).toThrow('a chunk without a size');
    expect(() => wholeBody(Buffer.from('1\r\nab\r\n'), 'chunked', false)).toThrow('longer than its size');
    expect(() => wholeBody(Buffer.alloc(9_000, 'a'), 'chunked', false)).toThrow('a line too long');
  });
});
