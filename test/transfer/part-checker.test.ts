import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RecordedPart } from '../../src/lineage/record.ts';
import { createPartChecker, type DamagedPart } from '../../src/transfer/part-checker.ts';
import { bytesOf } from './bytes.ts';

/** What a record would say of `body` in parts of these sizes. */
function partsOf(body: Uint8Array, sizes: readonly number[]): RecordedPart[] {
  let first = 0;
  return sizes.map((bytes, index) => {
    const part = body.subarray(first, first + bytes);
    first += bytes;
    return { number: index + 1, bytes, crc32: crc32(part).toString(16).padStart(8, '0') };
  });
}

function check(parts: readonly RecordedPart[], body: Uint8Array, pieces: readonly number[] = [1000]) {
  const checker = createPartChecker({ parts });
  const found: DamagedPart[] = [];
  for (let at = 0, turn = 0; at < body.byteLength; turn++) {
    const bytes = pieces[turn % pieces.length] ?? 1;
    found.push(...checker.push(body.subarray(at, at + bytes)));
    at += bytes;
  }
  return [...found, ...checker.end()];
}

const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 12 });
const pieces = fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 5 });

describe('the parts of an object', () => {
  it('are right however the bytes come', () => {
    fc.assert(
      fc.property(sizes, pieces, (some, cuts) => {
        const body = bytesOf(some.reduce((sum, bytes) => sum + bytes, 0));
        expect(check(partsOf(body, some), body, cuts)).toEqual([]);
      }),
    );
  });

  it('are told by number and range where a byte is another one, and no other part is', () => {
    fc.assert(
      fc.property(sizes, pieces, fc.nat(), (some, cuts, where) => {
        const body = bytesOf(some.reduce((sum, bytes) => sum + bytes, 0));
        const parts = partsOf(body, some);
        const at = where % body.byteLength;
        body[at] = (body[at] ?? 0) ^ 1;
        const found = check(parts, body, cuts);
        expect(found).toHaveLength(1);
        expect(found[0]?.first).toBeLessThanOrEqual(at);
        expect(found[0]?.last).toBeGreaterThanOrEqual(at);
        expect(some[(found[0]?.number ?? 0) - 1]).toBe((found[0]?.last ?? 0) - (found[0]?.first ?? 0) + 1);
      }),
    );
  });

  it('that the object does not reach are cut short', () => {
    const body = bytesOf(30);
    const found = check(partsOf(body, [10, 10, 10]), body.subarray(0, 15));
    expect(found.map(({ number, first, last, actual }) => [number, first, last, actual])).toEqual([
      [2, 10, 19, undefined],
      [3, 20, 29, undefined],
    ]);
  });

  it('say nothing of bytes behind them, nor of an object that nobody knows the parts of', () => {
    const body = bytesOf(30);
    expect(check(partsOf(body, [10, 10]), body)).toEqual([]);
    expect(check([], body)).toEqual([]);
  });
});
