import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEtagChecker, partSizes } from '../../src/transfer/etag-checker.ts';
import { bytesOf } from './bytes.ts';

const MIB = 1024 ** 2;

/** As S3 makes it of parts of this size. */
function etagOf(body: Uint8Array, partBytes: number): string {
  const digests: Buffer[] = [];
  for (let at = 0; at < body.byteLength; at += partBytes) {
    digests.push(
      createHash('md5')
        .update(body.subarray(at, at + partBytes))
        .digest(),
    );
  }
  return `${createHash('md5').update(Buffer.concat(digests)).digest('hex')}-${digests.length}`;
}

function check(object: Parameters<typeof createEtagChecker>[0], body: Uint8Array, piece = 300_000) {
  const checker = createEtagChecker(object);
  for (let at = 0; at < body.byteLength; at += piece) checker?.push(body.subarray(at, at + piece));
  return checker?.end();
}

describe('an ETag of several parts', () => {
  it('is recognised where the store tells the size of the first, and a flipped bit is not', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 1, max: 5000 }),
        fc.nat(),
        (bytes, size, at) => {
          const body = bytesOf(bytes);
          const object = { etag: etagOf(body, size), bytes, firstPartBytes: size };
          expect(check(object, body, 700)).toBe(true);
          body[at % bytes] = (body[at % bytes] ?? 0) ^ 1;
          expect(check(object, body, 700)).toBe(false);
        },
      ),
    );
  });

  it('is recognised where the parts were of whole MiB, or as z3 chose them', () => {
    const body = bytesOf(12 * MIB + 77);
    expect(check({ etag: etagOf(body, 5 * MIB), bytes: body.byteLength }, body)).toBe(true);
    expect(check({ etag: etagOf(body, 8 * MIB), bytes: body.byteLength }, body)).toBe(true);
    const estimate = 60 * 1024 ** 3;
    const z3 = Math.floor((estimate * 1.05) / 9999);
    expect(check({ etag: etagOf(body, z3), bytes: body.byteLength, estimate }, body)).toBe(true);
    expect(check({ etag: etagOf(body, 5_300_001), bytes: body.byteLength }, body)).toBe(false);
  });

  it.each([[undefined], [''], ['0123'], ['a'.repeat(32)], [`${'A'.repeat(32)}-2`], [`${'a'.repeat(32)}-0`]])(
    'is not %j',
    (etag) => {
      expect(createEtagChecker({ etag, bytes: 10 * MIB })).toBeUndefined();
    },
  );

  it('is not looked for where no usual size makes so many parts', () => {
    expect(partSizes({ etag: undefined, bytes: 10 * MIB }, 9999)).toEqual([]);
    expect(partSizes({ etag: undefined, bytes: 10, firstPartBytes: 3 }, 2)).toEqual([]);
  });
});
