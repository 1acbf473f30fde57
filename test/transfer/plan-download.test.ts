import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planDownload } from '../../src/transfer/plan-download.ts';

const MIB = 1024 ** 2;
const limits = { maxPartsInFlight: undefined };

describe('how an object is read', () => {
  it.each([
    ['in parts of 16 MiB, four at once', { bytes: 1024 * MIB }, 16, 4, 80],
    ['by one request where that is enough', { bytes: 3 * MIB }, 16, 1, 3],
    [
      'with no more parts at once than the provider answers well',
      { bytes: 1024 * MIB, limits: { maxPartsInFlight: 2 } },
      16,
      2,
      48,
    ],
    ['in smaller parts where the memory is small', { bytes: 1024 * MIB, maxMemory: 20 * MIB }, 4, 4, 20],
    ['by fewer at once where it is smaller still', { bytes: 1024 * MIB, maxMemory: 3 * MIB }, 1, 2, 3],
    ['by as many as asked for', { bytes: 1024 * MIB, concurrency: 31 }, 8, 31, 256],
  ])('%s', (_, request, partMiB, concurrency, memoryMiB) => {
    const plan = planDownload({ limits, ...request });
    expect(plan).toMatchObject({ partBytes: partMiB * MIB, concurrency, memoryBytes: memoryMiB * MIB });
  });

  it.each([
    ['maxMemory', Number.NaN],
    ['maxMemory', -1],
    ['maxMemory', null],
    ['maxMemory', '64M'],
    ['concurrency', Number.NaN],
    ['concurrency', 1.5],
    ['concurrency', 'abc'],
  ])('in no way with %s %s', (name, value) => {
    const request = { bytes: 1024 * MIB, limits, [name]: value };
    expect(() => planDownload(request)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });

  it('fits any memory, and leaves no byte out', () => {
    const requests = fc.record({
      bytes: fc.maxSafeNat(),
      limits: fc.record({ maxPartsInFlight: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }) }),
      concurrency: fc.option(fc.integer({ min: 1, max: 1000 }), { nil: undefined }),
      maxMemory: fc.oneof(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 1, max: 2 ** 33 })),
    });
    const property = fc.property(requests, (request) => {
      const { partBytes, parts, concurrency, memoryBytes } = planDownload(request);
      expect(partBytes).toBeGreaterThan(0);
      expect(concurrency).toBeGreaterThan(0);
      expect(concurrency).toBeLessThanOrEqual(request.limits.maxPartsInFlight ?? 1000);
      // A buffer for what is in flight and one that is handed out, of a byte each where there is no more memory.
      expect(memoryBytes).toBeLessThanOrEqual(Math.max(request.maxMemory, 2));
      expect(memoryBytes).toBeGreaterThanOrEqual(Math.min(request.bytes, partBytes));
      expect(parts * partBytes).toBeGreaterThanOrEqual(request.bytes);
      expect((parts - 1) * partBytes).toBeLessThan(Math.max(request.bytes, 1));
    });
    fc.assert(property, { numRuns: 2000 });
  });
});
