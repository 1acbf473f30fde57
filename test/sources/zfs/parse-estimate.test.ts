import { expect, it } from 'vitest';
import { parseEstimate } from '../../../src/sources/zfs/parse-estimate.ts';

it.each([
  ['full\ttank/a@b\t12912\nsize\t12912\n', 12912],
  ['incremental\ts 1\ttank/a@b\t624\nsize\t624\n', 624],
  ['full\ttank@size\t1\nsize\t1\nincremental\tx\ttank@y\t2\nsize\t3\n', 3],
  ['incremental\tsize\ttank/a@size 5\t624\n', undefined],
  ['size\t1.2K\n', undefined],
  ['', undefined],
])('reads %j as %s', (output, bytes) => {
  expect(parseEstimate(output)).toBe(bytes);
});
