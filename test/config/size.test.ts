import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSize, renderSize } from '../../src/config/size.ts';

describe('parseSize', () => {
  it.each([
    ['0', 0],
    ['5242880', 5_242_880],
    ['1K', 1024],
    ['5M', 5 * 1024 ** 2],
    ['5m', 5 * 1024 ** 2],
    ['5MiB', 5 * 1024 ** 2],
    ['5MB', 5 * 1024 ** 2],
    ['5 M', 5 * 1024 ** 2],
    ['12B', 12],
    ['1G', 1024 ** 3],
    ['1.5T', 1.5 * 1024 ** 4],
    ['2P', 2 * 1024 ** 5],
    ['0.3K', 307],
  ])('reads %s', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each(['', 'M', '-5M', '5X', '1.5', '1e6', '5 M B', '0x10', '1,5G', '5Mi5', 'Infinity'])(
    'refuses %j and says how to write it',
    (text) => {
      expect(() => parseSize(text)).toThrow('is not a size: write 5M, 1G, 1.5T, 5MiB or a number of bytes');
    },
  );

  it('refuses what a number cannot hold exactly', () => {
    expect(() => parseSize('9000000P')).toThrow('`9000000P` is too large a size');
  });

  it('reads back what renderSize wrote', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (bytes) => {
        expect(parseSize(renderSize(bytes))).toBe(bytes);
      }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1023 }), fc.constantFrom('K', 'M', 'G', 'T'), (count, unit) => {
        expect(renderSize(parseSize(`${count}${unit}`))).toBe(`${count}${unit}`);
      }),
    );
  });

  it('grows by 1,024 from unit to unit, for any case and spelling', () => {
    const units = ['', 'K', 'M', 'G', 'T'];
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 999 }),
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom('', 'B', 'iB', 'ib', 'IB'),
        (count, power, suffix) => {
          expect(parseSize(`${count}${units[power]}${suffix}`)).toBe(count * 1024 ** power);
        },
      ),
    );
  });
});
