import { describe, expect, it } from 'vitest';
import { PROVIDERS } from '../../src/store/providers.ts';
import type { S3Context } from '../../src/store/s3-context.ts';
import { bare, bodyHash, decodeKey } from '../../src/store/s3-request.ts';

describe('the hash of a body', () => {
  const hash = (secure: boolean, provider: 'aws' | 'b2', sha256?: string) =>
    bodyHash({ secure, provider: PROVIDERS[provider] } as S3Context, sha256);

  it('is left out over https, where the provider allows it', () => {
    expect(hash(true, 'aws')).toBe('UNSIGNED-PAYLOAD');
    expect(hash(true, 'b2')).toBeUndefined();
  });

  it('is the signer’s to compute over http', () => {
    expect(hash(false, 'aws')).toBeUndefined();
  });

  it('is the known one wherever there is one', () => {
    for (const secure of [true, false]) expect(hash(secure, 'b2', 'abc')).toBe('abc');
  });
});

it('takes the quotes off an ETag, and an empty one for none', () => {
  expect([bare('"abc-2"'), bare('abc'), bare(''), bare('""'), bare(undefined)]).toEqual([
    'abc-2',
    'abc',
    undefined,
    undefined,
    undefined,
  ]);
});

it('decodes a key only when it came encoded', () => {
  expect(decodeKey('a%20b+c%2B%C3%A9', 'url')).toBe('a b c+é');
  expect(decodeKey('a%20b+c', undefined)).toBe('a%20b+c');
});
