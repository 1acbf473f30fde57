import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { takeSample } from '../../src/lineage/sample.ts';

const keysOf = (count: number) => Array.from({ length: count }, (_, at) => `p/tank/data@daily-${at}`);
const fraction = fc.double({ min: 0.001, max: 1, noNaN: true });
const seed = fc.integer({ min: 0, max: 100_000 });

describe('a sample', () => {
  it('is the same for the same seed, never empty, and about as large as was asked for', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), fraction, seed, (count, part, number) => {
        const keys = keysOf(count);
        const sample = takeSample(keys, { fraction: part, seed: number });
        expect(takeSample(keys, { fraction: part, seed: number })).toEqual(sample);
        expect(sample.size).toBeGreaterThan(0);
        expect(Math.abs(sample.size - count * part)).toBeLessThan(1 + 6 * Math.sqrt(count));
      }),
    );
  });

  it('of a row of seeds takes every key, also when others come and go', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.02, max: 1, noNaN: true }), seed, (part, from) => {
        const rounds = Math.ceil(1 / part);
        const first = Math.ceil(from / rounds) * rounds;
        const seen = new Set<string>();
        for (let day = 0; day < rounds; day++) {
          const keys = [...keysOf(300), ...(day % 2 ? ['p/tank/other@x'] : [])];
          for (const key of takeSample(keys, { fraction: part, seed: first + day })) seen.add(key);
        }
        expect(keysOf(300).filter((key) => !seen.has(key))).toEqual([]);
      }),
    );
  });

  it('does not show a job that runs each fourteenth day the same half for ever', () => {
    const keys = keysOf(100);
    const seen = new Set<string>();
    for (let day = 20_000; day < 20_000 + 14 * 20; day += 14) {
      for (const key of takeSample(keys, { fraction: 0.5, seed: day })) seen.add(key);
    }
    expect(seen.size).toBe(100);
  });

  it('of nothing is empty, and of all is all', () => {
    expect(takeSample([], { fraction: 0.1, seed: 1 }).size).toBe(0);
    expect(takeSample(keysOf(50), { fraction: 1, seed: 7 }).size).toBe(50);
  });
});
