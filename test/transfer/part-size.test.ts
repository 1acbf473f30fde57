import { describe, expect, it } from 'vitest';
import { PROVIDERS } from '../../src/store/providers.ts';
import type { StoreLimits } from '../../src/store/store-limits.ts';
import { asSetting, checkAsked, checkEstimate, partBytesFor, usable } from '../../src/transfer/part-size.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const TIB = 1024 ** 4;
const AWS = PROVIDERS.aws.limits;
const SCALEWAY: StoreLimits = PROVIDERS.scaleway.limits;

describe('partBytesFor', () => {
  it.each([
    [50 * GIB, 5],
    [500 * GIB, 53],
    [TIB, 110],
    [2 * TIB, 220],
  ])("follows z3's table: %d bytes in parts of %d whole MiB", (estimate, mib) => {
    const partBytes = partBytesFor(estimate, AWS);
    expect(Math.floor(partBytes / MIB)).toBe(mib);
    expect(partBytes).toBe(Math.max(5 * MIB, Math.ceil((estimate * 1.05) / 9_999)));
    expect(Math.ceil((estimate * 1.05) / partBytes)).toBeLessThanOrEqual(9_999);
  });

  it('takes 5 MiB for whatever is small', () => {
    expect(partBytesFor(0, AWS)).toBe(5 * MIB);
    expect(partBytesFor(46 * GIB, AWS)).toBe(5 * MIB);
  });

  it('takes no less than the store wants and no more than it takes', () => {
    expect(partBytesFor(GIB, { ...AWS, minPartBytes: 32 * MIB })).toBe(32 * MIB);
    expect(partBytesFor(TIB, { ...AWS, maxPartBytes: 8 * MIB })).toBe(8 * MIB);
  });

  it('counts with the 1,000 parts of Scaleway', () => {
    expect(partBytesFor(100 * GIB, SCALEWAY)).toBe(Math.ceil((100 * GIB * 1.05) / 999));
  });
});

describe('what somebody asks for', () => {
  it.each([0, -1, 1.5, Number.NaN, 5 * MIB - 1, 5 * GIB + 1])('cannot be parts of %d bytes', (partBytes) => {
    expect(() => checkAsked(partBytes, AWS)).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining('5 MiB to 5 GiB') }),
    );
  });

  it('is told with the very limits, where rounded ones would contradict themselves', () => {
    const limits = usable(AWS);
    expect(() => checkAsked(2 * GIB, limits)).toThrow('A part of 2 GiB is not possible: the store takes');
    expect(() => checkAsked(2 * GIB, limits)).toThrow('5 MiB to 2047 MiB');
    expect(() => checkAsked(5 * MIB - 1, limits)).toThrow('A part of 5242879 bytes');
  });

  it('cannot be a stream beyond the longest object', () => {
    expect(() => checkEstimate(5 * TIB + 1, SCALEWAY)).toThrow(
      expect.objectContaining({ code: 'STREAM_TOO_LONG', message: expect.stringContaining('4.9 TiB') }),
    );
    expect(() => checkEstimate(10_000 * 5 * GIB, AWS)).not.toThrow();
  });

  it.each([Number.NaN, -1, Number.POSITIVE_INFINITY])('cannot be a stream of %d bytes', (estimate) => {
    expect(() => checkEstimate(estimate, AWS)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});

describe('usable', () => {
  it('keeps parts below what Node hashes and writes at once', () => {
    expect(usable(AWS).maxPartBytes).toBe(2047 * MIB);
    expect(usable({ ...AWS, maxPartBytes: 8 * MIB }).maxPartBytes).toBe(8 * MIB);
  });
});

describe('asSetting', () => {
  it.each([
    [1000, '1000'],
    [MIB, '1M'],
    [MIB + 1, '2M'],
    [1024 * MIB, '1G'],
    [1025 * MIB, '1025M'],
  ])('writes %d bytes as %s', (bytes, text) => {
    expect(asSetting(bytes)).toBe(text);
  });
});
