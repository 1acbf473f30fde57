import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildLineage } from '../../src/lineage/lineage.ts';
import { planUndelete } from '../../src/lineage/plan-undelete.ts';
import { DATASET, parseBackup, parseSituation } from './situation.ts';

/** `store: … | deleted: … | NAMES → what comes back, in order; notes`. */
function answer(line: string): string {
  const [there = '', gone = '', names = ''] = line.split('|').map((part) => part.trim());
  const { lineage } = parseSituation(`${there} | health`);
  const words = gone.replace(/^deleted:\s*/, '').split(/\s+/);
  const plan = planUndelete({
    lineage,
    deleted: words.filter((word) => word !== '-').map((word, at) => parseBackup(word, at)),
    names: names.split(/\s+/),
  });
  if (plan.kind !== 'plan') return `no ${plan.asked}; there is ${plan.deleted.join(' ') || 'nothing'}`;
  return [plan.steps.map(({ snapshot }) => snapshot).join(' ') || 'nothing', ...plan.notes].join('; ');
}

describe('what comes back', () => {
  it.each([
    'store: - | deleted: a(full) b<a c<b d(full) | c → a b c',
    'store: a(full) | deleted: b<a c<b | b → b',
    'store: a(full) | deleted: b<a c<b | c → b c',
    'store: a(full) | deleted: c<b b<a | c b → b c',
    'store: a(full) | deleted: b<a | a → nothing; a is there: it was not deleted.',
    'store: b<a | deleted: a(full) | b → a; b is there: it was not deleted.',
    'store: - | deleted: b<a | b → b; b cannot be restored even then: missing parent.',
    'store: a(full) | deleted: b<a | x → no x; there is b',
    'store: a(full) | deleted: - | x → no x; there is nothing',
    'store: a(full) | deleted: a(full) b<a | b → b',
    'store: - | deleted: a<b b<a | a → a b; a cannot be restored even then: cycle detected.',
    'store: - | deleted: a,1(full) b<old,1 | b → a b',
  ])('%s', (line) => {
    const [asked = '', expected = ''] = line.split('→');
    expect(answer(asked)).toBe(expected.trim());
  });

  it('is whole chains at any moment, as far as they can be whole', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const backups = fc.uniqueArray(
      fc.record({
        name: fc.constantFrom(...names),
        parent: fc.option(fc.constantFrom(...names, 'gone'), { nil: undefined }),
        isDeleted: fc.boolean(),
      }),
      { selector: ({ name }) => name },
    );
    fc.assert(
      fc.property(backups, fc.subarray(names, { minLength: 1 }), (all, asked) => {
        const made = all.map(({ name, parent, isDeleted }, at) => ({
          isDeleted,
          backup: parseBackup(`${name}${parent === undefined ? '(full)' : `<${parent}`}`, at),
        }));
        const there = made.filter(({ isDeleted }) => !isDeleted).map(({ backup }) => backup);
        const deleted = made.filter(({ isDeleted }) => isDeleted).map(({ backup }) => backup);
        const whole = new Map(
          buildLineage(DATASET, [...there, ...deleted]).entries.map((entry) => [entry.backup, entry.health]),
        );
        const plan = planUndelete({ lineage: buildLineage(DATASET, there), deleted, names: asked });
        if (plan.kind !== 'plan') {
          expect(whole.size).toBeLessThan(names.length);
          return;
        }
        plan.steps.forEach((step, at) => {
          const then = buildLineage(DATASET, [...there, ...plan.steps.slice(0, at + 1)]);
          const health = then.entries.find(({ backup }) => backup === step)?.health;
          if (whole.get(step) === 'ok') expect(health).toBe('ok');
        });
      }),
    );
  });
});
