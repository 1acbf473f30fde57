import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { combineCrc32, hexOfCrc32 } from '../../src/stream/crc32.ts';

describe('the CRC-32 of two pieces', () => {
  it('is that of the whole', () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 });
    fc.assert(
      fc.property(pieces, (bodies) => {
        const combined = bodies.reduce((crc, body) => combineCrc32(crc, crc32(body), body.byteLength), 0);
        expect(combined).toBe(crc32(Buffer.concat(bodies)));
      }),
    );
  });

  it('holds for pieces whose length is beyond 32 bits', () => {
    // Of 5 GiB of zeros, alone and behind `head`, as zlib takes it in seconds.
    const [zeros, expected] = [0x193838c3, 0x51a3f275];
    const head = crc32(Buffer.from('head'));
    expect(combineCrc32(head, zeros, 5 * 1024 ** 3)).toBe(expected);
  });

  it('is written in eight digits', () => {
    expect(hexOfCrc32(crc32(Buffer.from('123456789')))).toBe('cbf43926');
    expect(hexOfCrc32(5)).toBe('00000005');
  });
});
