import { describe, expect, it } from 'vitest';
import { escapeName, escapeText, renderSeconds, renderSize } from '../../src/cli/render-text.ts';

const MIB = 1024 ** 2;

describe('sizes and times', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1023.6 * 1024, '1.0 MiB'],
    [110 * MIB, '110 MiB'],
    [1.2 * 1024 ** 3, '1.2 GiB'],
    [99.97 * MIB, '100 MiB'],
    [2 ** 60 * 3000, '3000 EiB'],
  ])('%d bytes are %s', (bytes, text) => expect(renderSize(bytes)).toBe(text));

  it.each([
    [0.04, '0.0 s'],
    [9.94, '9.9 s'],
    [59.4, '59 s'],
    [59.6, '1 min 0 s'],
    [3599.7, '1 h 0 min'],
    [7620, '2 h 7 min'],
  ])('%d seconds are %s', (seconds, text) => expect(renderSeconds(seconds)).toBe(text));
});

describe('names from a bucket', () => {
  it('cannot act on a terminal', () => {
    expect(escapeName('a\u001b[2Jb\nc\u202ed\u009b')).toBe('a\\x1b[2Jb\\nc\\u202ed\\u009b');
    expect(escapeText('one\r\ntwo\u0007')).toBe('one\ntwo\\x07');
    expect(escapeName('\u061c\u200b\ufeff\u{e0041}')).toBe('\\u061c\\u200b\\ufeff\\U000e0041');
    expect(escapeName('tank/näme:ok %+')).toBe('tank/näme:ok %+');
  });
});
