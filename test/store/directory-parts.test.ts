import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createPartLayout,
  type PartPlace,
  parsePlace,
  renderPlace,
} from '../../src/store/directory-parts.ts';

describe('the layout of parts', () => {
  it('gives each part its place in the object at once, when they come by number', () => {
    const layout = createPartLayout([]);
    expect([layout.reserve(1, 10), layout.reserve(2, 20), layout.reserve(3, 5)]).toEqual([0, 10, 30]);
  });

  it('has no place for a part whose predecessors are unknown', () => {
    const layout = createPartLayout([]);
    expect(layout.reserve(2, 10)).toBeUndefined();
    expect(layout.reserve(1, 10)).toBe(0);
    expect(layout.reserve(3, 10)).toBe(20);
  });

  it('never gives the place of a stored part again, but that of a failed one', () => {
    const layout = createPartLayout([]);
    layout.reserve(1, 10);
    expect(layout.reserve(1, 10)).toBeUndefined();
    layout.release(1, 0);
    expect(layout.reserve(1, 10)).toBe(0);
  });

  it('goes on where an upload that was opened again stands', () => {
    const place = (partNumber: number, bytes: number, at: number | string) => ({
      partNumber,
      bytes,
      at,
      etag: 'ab',
    });
    const layout = createPartLayout([place(1, 10, 0), place(2, 10, 10), place(4, 10, 30)]);
    expect(layout.reserve(4, 10)).toBeUndefined();
    expect(layout.reserve(3, 11)).toBeUndefined();
    expect(createPartLayout([place(1, 10, 0), place(3, 10, 20)]).reserve(2, 10)).toBe(10);
    expect(createPartLayout([place(1, 10, 'own-1')]).reserve(2, 10)).toBe(10);
  });

  const put = fc.record({
    partNumber: fc.integer({ min: 1, max: 6 }),
    bytes: fc.integer({ min: 1, max: 4 }),
    fails: fc.boolean(),
  });

  it('never lets two stored parts overlap, whatever is sent and in whatever order', () => {
    fc.assert(
      fc.property(fc.array(put, { maxLength: 30 }), fc.nat(30), (puts, reopenAt) => {
        let layout = createPartLayout([]);
        const stored = new Map<number, PartPlace>();
        for (const [index, { partNumber, bytes, fails }] of puts.entries()) {
          if (index === reopenAt) layout = createPartLayout([...stored.values()]);
          const offset = layout.reserve(partNumber, bytes);
          if (offset !== undefined) {
            for (const other of stored.values()) {
              if (typeof other.at !== 'number') continue;
              expect(offset >= other.at + other.bytes || other.at >= offset + bytes).toBe(true);
            }
          }
          if (fails) layout.release(partNumber, offset);
          else stored.set(partNumber, { partNumber, bytes, etag: 'ab', at: offset ?? `own-${index}` });
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe('the marker of a part', () => {
  it.each<PartPlace>([
    { partNumber: 1, bytes: 5_242_880, etag: 'a1b2', at: 0 },
    { partNumber: 10_000, bytes: 0, etag: '00', at: 'own-3f2a-11' },
  ])('says everything by its name', (place) => {
    expect(parsePlace(renderPlace(place))).toEqual(place);
  });

  it.each(['body', 'upload.json', 'own-3f2a', 'part_1_2_ab_0'])('is not %j', (name) => {
    expect(parsePlace(name)).toBeUndefined();
  });
});
