import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeSendFlags, encodeSendFlags, formatFlags, isRaw } from '../../src/lineage/send-flags.ts';

describe('formatFlags', () => {
  const format = (given: string, encrypted = false) =>
    formatFlags({ given: given.split(' ').filter(Boolean), encrypted }).join(' ');

  it.each([
    ['', ''],
    ['-e -c -L', '-L -c -e'],
    ['-ceL', '-L -c -e'],
    ['--large-block --embed --compressed', '-L -c -e'],
    ['-c -c -cc', '-c'],
    ['-v -P --verbose --proctitle -s --skip-missing', ''],
    ['-p -h -R -b -D', '-p -D -h -b -R'],
    ['-c --from-the-future=1 -Z', '-c --from-the-future=1 -Z'],
    ['-w', '-L -c -e'],
  ])('of %j is %j', (given, expected) => expect(format(given)).toBe(expected));

  it.each([
    ['-w', '-w'],
    ['--raw -L -c -e', '-w'],
    ['-wp', '-w -p'],
    ['-L -c', '-L -c'],
  ])('of %j of an encrypted dataset is %j', (given, expected) => expect(format(given, true)).toBe(expected));

  it('is what it is, however often it is asked, and in whatever order', () => {
    const flag = fc.constantFrom('-w', '-L', '-c', '-e', '-p', '-R', '-v', '--raw', '-Lc', '--other', '-Q');
    fc.assert(
      fc.property(fc.uniqueArray(flag), fc.boolean(), (given, encrypted) => {
        const once = formatFlags({ given, encrypted });
        expect(formatFlags({ given: once, encrypted })).toEqual(once);
        const known = given.filter((each) => each !== '--other' && each !== '-Q');
        expect(formatFlags({ given: known.toReversed(), encrypted })).toEqual(
          formatFlags({ given: known, encrypted }),
        );
        expect(decodeSendFlags(encodeSendFlags(once))).toEqual(once);
      }),
    );
  });
});

it('isRaw sees -w in every spelling', () => {
  for (const flags of [['-w'], ['--raw'], ['-cw']]) expect(isRaw(flags)).toBe(true);
  for (const flags of [[], ['-L', '-c', '-e'], ['--with-w']]) expect(isRaw(flags)).toBe(false);
});

describe('decodeSendFlags', () => {
  it.each([undefined, '', ' ', 'c', 'none of them', '-c\u0000', 'x'.repeat(201), '-é'])(
    'takes %j for "nobody knows"',
    (text) => expect(decodeSendFlags(text)).toBeUndefined(),
  );

  it('tells no flags from unknown ones', () => expect(decodeSendFlags('none')).toEqual([]));
});
