import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, findMeant, nearest } from '../../src/config/nearest.ts';

describe('nearest', () => {
  it('is the candidate with the fewest edits, whatever the case', () => {
    expect(nearest('BUKET', ['S3_PREFIX', 'BUCKET', 'REGION'])).toBe('BUCKET');
    expect(nearest('concurency', ['CHUNK_SIZE', 'CONCURRENCY'])).toBe('CONCURRENCY');
    expect(nearest('x', [])).toBeUndefined();
  });

  it('counts edits like a distance', () => {
    expect(editDistance('kitten', 'sitting')).toBe(3);
    expect(editDistance('', 'abc')).toBe(3);
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 6 });
    fc.assert(
      fc.property(word, word, word, (a, b, c) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b) === 0).toBe(a === b);
        expect(editDistance(a, c)).toBeLessThanOrEqual(editDistance(a, b) + editDistance(b, c));
      }),
    );
  });
});

describe('findMeant', () => {
  const commands = ['status', 'backup', 'restore'];

  it('takes a typing error or a beginning for what was meant', () => {
    expect(findMeant('stauts', commands)).toBe('status');
    expect(findMeant('Bakcup', commands)).toBe('backup');
    expect(findMeant('rest', commands)).toBe('restore');
    expect(findMeant('sotre', ['bucket', 'store'])).toBe('store');
  });

  it('does not guess at a word that is like none', () => {
    expect(findMeant('delete', commands)).toBeUndefined();
    expect(findMeant('x', commands)).toBeUndefined();
    expect(findMeant('x', [])).toBeUndefined();
  });
});
