import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterSlowDown, afterStored, startPartsInFlight } from '../../src/transfer/parts-in-flight.ts';

describe('parts in flight', () => {
  it('are as many as asked for until the store complains', () => {
    let flight = startPartsInFlight(4);
    for (let part = 0; part < 100; part += 1) flight = afterStored(flight);
    expect(flight.limit).toBe(4);
  });

  it('are halved by a complaint, and not once more by parts that were sent before', () => {
    const flight = startPartsInFlight(8);
    const cut = afterSlowDown(flight, flight.cuts);
    expect(cut.limit).toBe(4);
    expect(afterSlowDown(cut, flight.cuts)).toEqual(cut);
    expect(afterSlowDown(cut, cut.cuts).limit).toBe(2);
  });

  it('come back one by one, each after a round of stored parts', () => {
    let flight = afterSlowDown(startPartsInFlight(4), 0);
    const limits = [flight.limit];
    for (let part = 0; part < 6; part += 1) {
      flight = afterStored(flight);
      limits.push(flight.limit);
    }
    expect(limits).toEqual([2, 2, 3, 3, 3, 4, 4]);
  });

  it('stay between one and what was asked for, and come back after whatever happened', () => {
    const events = fc.array(fc.oneof(fc.constant('stored'), fc.nat({ max: 3 })), { maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64 }), events, (most, happened) => {
        let flight = startPartsInFlight(most);
        for (const event of happened) {
          flight =
            typeof event === 'number'
              ? afterSlowDown(flight, Math.max(0, flight.cuts - event))
              : afterStored(flight);
          expect(flight.limit).toBeGreaterThanOrEqual(1);
          expect(flight.limit).toBeLessThanOrEqual(most);
        }
        for (let part = 0; part < most * most; part += 1) flight = afterStored(flight);
        expect(flight.limit).toBe(most);
      }),
    );
  });
});
