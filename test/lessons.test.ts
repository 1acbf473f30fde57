import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readTables } from './cli/docs-tables.ts';

const [lessons] = readTables('lessons.md');

it.each((lessons?.rows ?? []).map(([happened = '', , tests = '']) => [happened, tests]))(
  'what stands against this is there: %s',
  (_, tests) => {
    const references = tests.split('<br>').map((reference) => /^`(\S+)` › (.+)$/.exec(reference));
    for (const reference of references) {
      const [, file = '', name = ''] = reference ?? [];
      expect(readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')).toMatch(callOf(name));
    }
  },
);

it('has a row for each', () => {
  expect(lessons?.rows.length).toBeGreaterThanOrEqual(12);
});

/** It names a test, and is not only mentioned. */
function callOf(name: string): RegExp {
  const literal = name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(it|describe|cases)(\\.each\\([^]*?\\))?\\(\\s*(['"\`])${literal}\\3,`);
}
