import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StoreLimits } from '../../src/store/object-store.ts';
import { memoryBytes, planParts } from '../../src/transfer/part-size.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const TIB = 1024 ** 4;
const AWS: StoreLimits = {
  minPartBytes: 5 * MIB,
  maxPartBytes: 5 * GIB,
  maxParts: 10_000,
  maxObjectBytes: 10_000 * 5 * GIB,
  equalParts: false,
  maxPartsInFlight: undefined,
};
const SCALEWAY: StoreLimits = { ...AWS, maxParts: 1_000, maxObjectBytes: 5 * TIB };

describe('planParts', () => {
  it.each([
    [50 * GIB, 5],
    [500 * GIB, 53],
    [TIB, 110],
    [2 * TIB, 220],
  ])("follows z3's table: %d bytes in parts of %d whole MiB", (estimate, mib) => {
    const { partBytes } = planParts({ estimate, limits: AWS });
    expect(Math.floor(partBytes / MIB)).toBe(mib);
    expect(partBytes).toBe(Math.max(5 * MIB, Math.ceil((estimate * 1.05) / 9_999)));
  });

  it.each([50 * GIB, 500 * GIB, TIB, 2 * TIB])(
    'leaves room for 5 %% more than an estimate of %d',
    (estimate) => {
      const { partBytes, maxStreamBytes } = planParts({ estimate, limits: AWS });
      expect(Math.ceil((estimate * 1.05) / partBytes)).toBeLessThanOrEqual(9_999);
      expect(maxStreamBytes).toBe(partBytes * 10_000);
    },
  );

  it('takes 5 MiB for whatever is small', () => {
    expect(planParts({ estimate: 0, limits: AWS }).partBytes).toBe(5 * MIB);
    expect(planParts({ estimate: 46 * GIB, limits: AWS }).partBytes).toBe(5 * MIB);
  });

  it('takes 16 MiB without an estimate, and says how far that goes', () => {
    expect(planParts({ limits: AWS })).toEqual({ partBytes: 16 * MIB, maxStreamBytes: 160_000 * MIB });
  });

  it('takes no less than the store wants and no more than it takes', () => {
    expect(planParts({ limits: { ...AWS, minPartBytes: 32 * MIB } }).partBytes).toBe(32 * MIB);
    expect(planParts({ limits: { ...AWS, maxPartBytes: 8 * MIB } }).partBytes).toBe(8 * MIB);
  });

  it('counts with the 1,000 parts of Scaleway', () => {
    const { partBytes } = planParts({ estimate: 100 * GIB, limits: SCALEWAY });
    expect(partBytes).toBe(Math.ceil((100 * GIB * 1.05) / 999));
  });

  it('obeys the part size that was asked for, and raises it where the estimate would not fit', () => {
    expect(planParts({ partBytes: 64 * MIB, estimate: GIB, limits: AWS }).partBytes).toBe(64 * MIB);
    expect(planParts({ partBytes: 5 * MIB, limits: AWS }).partBytes).toBe(5 * MIB);
    expect(planParts({ partBytes: 5 * MIB, estimate: TIB, limits: AWS }).partBytes).toBeGreaterThan(
      110 * MIB,
    );
  });

  it.each([0, -1, 1.5, Number.NaN, 5 * MIB - 1, 5 * GIB + 1])('refuses parts of %d bytes', (partBytes) => {
    expect(() => planParts({ partBytes, limits: AWS })).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining('5 MiB to 5 GiB') }),
    );
  });

  it('refuses an estimate beyond the longest object before anything is read', () => {
    expect(() => planParts({ estimate: 5 * TIB + 1, limits: SCALEWAY })).toThrow(
      expect.objectContaining({ code: 'STREAM_TOO_LONG', message: expect.stringContaining('4.9 TiB') }),
    );
    expect(() => planParts({ estimate: Number.NaN, limits: AWS })).toThrow(
      expect.objectContaining({ code: 'USAGE' }),
    );
  });

  it('takes an estimate that fits only without the reserve', () => {
    const ceiling = 10_000 * 5 * GIB;
    expect(planParts({ estimate: ceiling, limits: AWS })).toEqual({
      partBytes: 5 * GIB,
      maxStreamBytes: ceiling,
    });
  });

  it('always plans parts within the limits that hold the estimate', () => {
    const limits = fc
      .record({
        minPartBytes: fc.integer({ min: 1, max: 8 * MIB }),
        more: fc.integer({ min: 0, max: 5 * GIB }),
        maxParts: fc.integer({ min: 2, max: 10_000 }),
        maxObjectBytes: fc.integer({ min: 1, max: 50 * TIB }),
      })
      .map(({ more, ...rest }) => ({ ...AWS, ...rest, maxPartBytes: rest.minPartBytes + more }));
    fc.assert(
      fc.property(limits, fc.double({ min: 0, max: 1, noNaN: true }), (some, share) => {
        const ceiling = Math.min(some.maxPartBytes * some.maxParts, some.maxObjectBytes);
        const estimate = Math.floor(ceiling * share);
        const plan = planParts({ estimate, limits: some });
        expect(plan.partBytes).toBeGreaterThanOrEqual(some.minPartBytes);
        expect(plan.partBytes).toBeLessThanOrEqual(some.maxPartBytes);
        expect(plan.maxStreamBytes).toBeGreaterThanOrEqual(estimate);
        expect(plan.maxStreamBytes).toBeLessThanOrEqual(some.maxObjectBytes);
        expect(Math.ceil(estimate / plan.partBytes)).toBeLessThanOrEqual(some.maxParts);
      }),
    );
  });
});

describe('memoryBytes', () => {
  it('is one buffer more than there are parts in flight', () => {
    expect(memoryBytes(16 * MIB, 4)).toBe(80 * MIB);
  });
});
