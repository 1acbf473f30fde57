import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { contradict, isDigestOf, multipartEtag } from '../../src/transfer/etag.ts';
import { bytesOf } from './bytes.ts';

const hash = (algorithm: string, body: Uint8Array) => createHash(algorithm).update(body).digest('hex');

describe('multipartEtag', () => {
  it('is the MD5 of the MD5s and the number of parts: 6 MiB of zeros in parts of 5 MiB', () => {
    const slices = [Buffer.alloc(5 * 1024 ** 2), Buffer.alloc(1024 ** 2)];
    const parts = slices.map((slice, index) => ({
      partNumber: index + 1,
      bytes: slice.byteLength,
      etag: hash('md5', slice),
    }));
    expect(multipartEtag(parts)).toBe('b7992ce8540773fdfcab72bd0e8c4c64-2');
  });

  it('cannot be told from ETags that are no digests', () => {
    const part = { partNumber: 1, bytes: 1 };
    expect(multipartEtag([])).toBeUndefined();
    expect(multipartEtag([{ ...part, etag: 'opaque' }])).toBeUndefined();
    const etags = [hash('md5', bytesOf(1)), hash('sha256', bytesOf(1))];
    expect(multipartEtag(etags.map((etag) => ({ ...part, etag })))).toBeUndefined();
  });
});

describe('isDigestOf', () => {
  it.each(['md5', 'sha256'])('recognises %s', (algorithm) => {
    const body = bytesOf(100);
    expect(isDigestOf(hash(algorithm, body), body)).toBe(true);
    expect(isDigestOf(hash(algorithm, bytesOf(101)), body)).toBe(false);
    expect(isDigestOf('opaque', body)).toBe(false);
  });
});

describe('contradict', () => {
  const one = hash('md5', bytesOf(1));
  const other = hash('md5', bytesOf(2));

  it('compares only what has one shape', () => {
    expect(contradict(one, one)).toBe(false);
    expect(contradict(one, other)).toBe(true);
    expect(contradict(`${one}-9`, `${other}-9`)).toBe(true);
    expect(contradict(`${one}-9`, `${one}-10`)).toBe(true);
    expect(contradict(one, `${other}-1`)).toBe(false);
    expect(contradict(one, hash('sha256', bytesOf(1)))).toBe(false);
    expect(contradict(undefined, other)).toBe(false);
  });
});
