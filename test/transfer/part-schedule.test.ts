import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StoreLimits } from '../../src/store/store-limits.ts';
import { decodeSchedule, longestStream, partBytesAt } from '../../src/transfer/part-schedule.ts';
import { planTransfer, type TransferPlan, type TransferRequest } from '../../src/transfer/plan-transfer.ts';

const limits: fc.Arbitrary<StoreLimits> = fc
  .record({
    minPartBytes: fc.integer({ min: 1, max: 2000 }),
    more: fc.oneof(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 0, max: 10 ** 9 })),
    maxParts: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 10_000 })),
    maxObjectBytes: fc.oneof(fc.integer({ min: 1, max: 10 ** 6 }), fc.integer({ min: 1, max: 10 ** 12 })),
    equalParts: fc.boolean(),
    maxPartsInFlight: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
  })
  .map(({ more, ...rest }) => ({ ...rest, maxPartBytes: rest.minPartBytes + more }));

const requests: fc.Arbitrary<TransferRequest> = limits.chain((some) =>
  fc.record({
    limits: fc.constant(some),
    estimate: fc.option(
      fc.maxSafeNat().map((nat) => nat % Math.min(some.maxPartBytes * some.maxParts, some.maxObjectBytes)),
      { nil: undefined },
    ),
    partBytes: fc.option(fc.integer({ min: some.minPartBytes, max: some.maxPartBytes }), { nil: undefined }),
    concurrency: fc.option(fc.integer({ min: 1, max: 64 }), { nil: undefined }),
    maxMemory: fc.oneof(
      fc.integer({ min: 1, max: some.maxPartBytes }),
      fc.integer({ min: some.maxPartBytes, max: 8 * some.maxPartBytes }),
      fc.integer({ min: 8 * some.maxPartBytes, max: 70 * some.maxPartBytes }),
    ),
  }),
);

function planOrRefuse(request: TransferRequest): TransferPlan | undefined {
  try {
    return planTransfer(request);
  } catch (error) {
    expect(error).toMatchObject({ code: expect.stringMatching(/^(USAGE|STREAM_TOO_LONG)$/) });
    return undefined;
  }
}

/** Part sizes of a stream; it must fit. */
function split(bytes: number, { schedule }: TransferPlan): number[] {
  const sizes: number[] = [];
  for (let left = bytes; left > 0; left -= sizes.at(-1) ?? 0) {
    sizes.push(Math.min(left, partBytesAt(schedule, sizes.length + 1)));
  }
  return sizes;
}

describe('part sizes for any stream, limits and memory', () => {
  it('keep to the limits, the memory and the whole sum, up to exactly the ceiling that is told', () => {
    let planned = 0;
    const property = fc.property(requests, fc.double({ min: 0, max: 1, noNaN: true }), (request, share) => {
      const plan = planOrRefuse(request);
      if (!plan) return;
      planned += 1;
      const { limits: some, estimate, maxMemory = 0 } = request;
      const ceiling = plan.maxStreamBytes;
      expect(ceiling).toBeGreaterThanOrEqual(estimate ?? 1);
      expect(ceiling).toBeLessThanOrEqual(some.maxObjectBytes);
      for (const bytes of [Math.floor(ceiling * share), ceiling]) {
        const sizes = split(bytes, plan);
        expect(sizes.length).toBeLessThanOrEqual(some.maxParts);
        expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(bytes);
        const whole = new Set(sizes.slice(0, -1));
        // One comparison of all: to expect something of each takes most of the time.
        expect(Math.min(Infinity, ...whole)).toBeGreaterThanOrEqual(some.minPartBytes);
        expect(Math.max(0, ...whole)).toBeLessThanOrEqual(Math.min(some.maxPartBytes, maxMemory));
        if (some.equalParts) expect(whole.size).toBeLessThanOrEqual(1);
      }
      // One byte more: another part, or an object that is too long.
      const isFull = ceiling === some.maxObjectBytes || split(ceiling, plan).length === some.maxParts;
      expect(isFull).toBe(true);
      if (ceiling < some.maxObjectBytes) expect(split(ceiling + 1, plan).length).toBe(some.maxParts + 1);
    });
    // most requests are refused, and rightly
    fc.assert(property, { numRuns: 6000 });
    expect(planned).toBeGreaterThan(100);
  });

  it('follow steps that only grow, begin at part 1 and can be written down', () => {
    const property = fc.property(requests, (request) => {
      const plan = planOrRefuse(request);
      if (!plan) return;
      const { schedule } = plan;
      expect(planTransfer(request)).toEqual(plan);
      expect(decodeSchedule(JSON.parse(JSON.stringify(schedule)))).toEqual(schedule);
      expect(schedule.length).toBeLessThanOrEqual(64);
      expect(schedule[0]).toEqual({ firstPart: 1, bytes: plan.partBytes });
      for (const [at, step] of schedule.slice(1).entries()) {
        expect(step.bytes).toBeGreaterThan(schedule[at]?.bytes ?? 0);
        expect(step.firstPart).toBeGreaterThan(schedule[at]?.firstPart ?? 0);
        expect(step.firstPart).toBeLessThanOrEqual(request.limits.maxParts);
      }
    });
    fc.assert(property, { numRuns: 2000 });
  });

  it('fit the memory together with what is in flight', () => {
    const property = fc.property(requests, (request) => {
      const plan = planOrRefuse(request);
      if (!plan) return;
      const { concurrency, memoryBytes, schedule, partBytes } = plan;
      const { limits: some, maxMemory = 0 } = request;
      expect(memoryBytes).toBeLessThanOrEqual(maxMemory);
      for (const { bytes } of schedule) expect(bytes).toBeLessThanOrEqual(memoryBytes);
      expect(concurrency).toBeGreaterThanOrEqual(1);
      expect(concurrency).toBeLessThanOrEqual(
        Math.min(request.concurrency ?? 8, some.maxPartsInFlight ?? Number.POSITIVE_INFINITY),
      );
      if (concurrency > 1) expect((concurrency + 1) * partBytes).toBeLessThanOrEqual(memoryBytes);
    });
    fc.assert(property, { numRuns: 2000 });
  });
});

describe('decodeSchedule', () => {
  const step = { firstPart: 1, bytes: 5 };
  it.each([
    [undefined],
    [{}],
    [[]],
    [[null]],
    [[{ firstPart: 2, bytes: 5 }]],
    [[{ firstPart: 1, bytes: 0 }]],
    [[{ firstPart: 1, bytes: 1.5 }]],
    [[step, step]],
    [[step, { firstPart: '7', bytes: 9 }]],
  ])('refuses %j', (value) => {
    expect(decodeSchedule(value)).toBeUndefined();
  });
});

describe('longestStream', () => {
  it('counts only parts that the store takes', () => {
    const some = { minPartBytes: 1, maxPartBytes: 100, maxParts: 10, maxObjectBytes: 10 ** 6 };
    const all = { ...some, equalParts: false, maxPartsInFlight: undefined };
    const schedule = [
      { firstPart: 1, bytes: 10 },
      { firstPart: 6, bytes: 20 },
      { firstPart: 11, bytes: 100 },
    ];
    expect(longestStream(schedule, all)).toBe(150);
    expect(longestStream(schedule, { ...all, maxObjectBytes: 120 })).toBe(120);
    expect(() => partBytesAt(schedule, 0)).toThrow(RangeError);
    expect([1, 5, 6, 10, 11].map((number) => partBytesAt(schedule, number))).toEqual([10, 10, 20, 20, 100]);
  });
});
