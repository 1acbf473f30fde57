import { expect, it } from 'vitest';
import { findUncovered } from '../../src/lineage/uncovered.ts';

it.each<[string, string, string, string]>([
  ['', '', '', ''],
  ['t/a/x t/a/y', '', '', 't/a/x t/a/y'],
  ['t/a/y t/a/x', 't/a/y t/b', '-c', 't/a/x'],
  ['t/a/x', 't/a', '', 't/a/x'],
  ['t/a/x', '', '-R', ''],
  ['t/a/x', '', '-cRe', ''],
  ['t/a/x', '', '--replicate', ''],
  ['t/a/x', '', '--raw', 't/a/x'],
])('below are %j, covered are %j, flags %j: %j', (children, covered, flags, expected) => {
  const words = (text: string) => text.split(' ').filter(Boolean);
  const coverage = { covered: words(covered), sendFlags: words(flags) };
  expect(findUncovered(words(children), coverage)).toEqual(words(expected));
});
