/**
 * `store | verify [NAME…] [--level N] [--sample PERCENT] → what is looked at, in order, each with its level`; a name
 * behind `lost:` has a record and no object.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildLineage } from '../../src/lineage/lineage.ts';
import { planVerify, type VerifyLevel } from '../../src/lineage/plan-verify.ts';
import { DATASET, parseBackup, parseSituation } from './situation.ts';

function answer(line: string): string {
  const [lostPart, situation] = line.startsWith('lost:') ? splitOnce(line.slice(5)) : ['', line];
  const { lineage, question, snapshotPrefix } = parseSituation(situation);
  const names = question.slice(1).filter((word) => !word.startsWith('--'));
  const option = (name: string) => question.find((word) => word.startsWith(`--${name}=`))?.split('=')[1];
  const fraction = option('sample');
  const plan = planVerify({
    lineages: [lineage],
    lost: lostPart.split(' ').filter(Boolean).map(lostOf),
    asked: names.map((snapshot) => ({ dataset: DATASET, snapshot })),
    snapshotPrefix,
    level: Number(option('level') ?? 1) as VerifyLevel,
    sample: fraction === undefined ? undefined : { fraction: Number(fraction), seed: 3 },
  });
  if (plan.kind !== 'plan') return plan.kind;
  const items = plan.items.map(({ entry, level }) => `${entry.backup.snapshot}:${level}`);
  return [...items, ...plan.lost.map(({ snapshot }) => `${snapshot}:lost`)].join(' ');
}

function splitOnce(text: string): [string, string] {
  const at = text.indexOf('|');
  return [text.slice(0, at), text.slice(at + 1)];
}

const lostOf = (snapshot: string) => ({
  dataset: DATASET,
  snapshot,
  key: `backups/${DATASET}@${snapshot}`,
  recordKey: `backups/.records/${DATASET}@${snapshot}/1,f`,
});

describe('planVerify', () => {
  it.each([
    'store: a(full) b<a c<b | verify → a:1 b:1 c:1',
    'store: a(full) b<a c<b | verify b --level=2 → a:2 b:2',
    'store: a(full) b<a c<b | verify c b c --level=3 → a:3 b:3 c:3',
    // chains stay together, branches come one after the other
    'store: a(full) x(full) b<a y<x c<b | verify --level=2 → a:2 b:2 c:2 x:2 y:2',
    'store: a(full) b<a c<a d<b | verify --level=3 → a:3 b:3 d:3 c:3',
    // what is broken is read, and not received
    'store: a(full) c<b d<c | verify --level=3 → a:3 c:2 d:2',
    'store: a<b b<a c<b | verify --level=2 → a:2 b:2 c:2',
    'store: a(full) b<a | prefix: daily | verify daily-1 → no-such-backup',
    'store: daily-1(full) | prefix: daily | verify 1 → daily-1:1',
    'store: a(full) | verify tank/b@a → other-dataset',
    'store: - | verify → ',
    // a sample is of all that is looked at; what a received one builds on comes along
    'store: a(full) b<a c<b d<c | verify --level=2 --sample=1 → a:2 b:2 c:2 d:2',
    'store: a(full) b<a c<b d<c | verify --level=1 --sample=0.01 → a:1 b:1 c:1 d:1',
    'lost: b | store: a(full) c<b | verify → a:1 c:1 b:lost',
    'lost: b | store: a(full) c<b | verify a → a:1',
    'lost: b | store: a(full) c<b | verify c → c:1 b:lost',
    'lost: b | store: a(full) c<b | verify b → b:lost',
  ])('%s', (line) => {
    const [asked = '', expected = ''] = line.split('→');
    expect(answer(asked.trim())).toBe(expected.trim());
  });

  it('takes each object once, parents first, whatever the store holds', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const store = fc.uniqueArray(
      fc.tuple(fc.constantFrom(...names), fc.option(fc.constantFrom(...names, 'gone'))),
      { selector: ([name]) => name, maxLength: 7 },
    );
    const asked = fc.array(fc.nat());
    const level = fc.constantFrom<VerifyLevel>(1, 2, 3);
    const sample = fc.option(
      fc.record({ fraction: fc.double({ min: 0.01, max: 1, noNaN: true }), seed: fc.nat() }),
    );
    fc.assert(
      fc.property(store, asked, level, sample, (backups, some, depth, part) => {
        const words = backups.map(([name, parent]) =>
          parent === null ? `${name}(full)` : `${name}<${parent}`,
        );
        const lineage = buildLineage(DATASET, words.map(parseBackup));
        const questions = some.flatMap((at) => backups[at % Math.max(1, backups.length)]?.[0] ?? []);
        const plan = planVerify({
          lineages: [lineage],
          lost: [],
          asked: questions.map((snapshot) => ({ dataset: DATASET, snapshot })),
          snapshotPrefix: '',
          level: depth,
          sample: part ?? undefined,
        });
        if (plan.kind !== 'plan') throw new Error(plan.kind);
        const seen = new Map<string, number>();
        for (const { entry, parent, level: chosen } of plan.items) {
          expect(seen.has(entry.backup.snapshot)).toBe(false);
          seen.set(entry.backup.snapshot, chosen);
          expect(chosen).toBeLessThanOrEqual(depth);
          if (chosen === 3) expect(entry.health).toBe('ok');
          if (entry.health === 'ok' && parent) {
            const above = seen.get(parent.backup.snapshot);
            expect(above).toBeDefined();
            if (chosen === 3) expect(above).toBe(3);
          }
        }
        for (const name of questions) expect(seen.has(name)).toBe(true);
        if (questions.length === 0) expect(seen.size).toBe(backups.length);
      }),
    );
  });

  it('walks a chain of ten thousand', () => {
    const words = Array.from({ length: 10_000 }, (_, at) => (at === 0 ? 's0(full)' : `s${at}<s${at - 1}`));
    const lineage = buildLineage(DATASET, words.map(parseBackup));
    const asked = [{ dataset: DATASET, snapshot: 's9999' }];
    const plan = planVerify({ lineages: [lineage], lost: [], asked, snapshotPrefix: '', level: 3 });
    expect(plan).toMatchObject({ kind: 'plan' });
    expect(plan.kind === 'plan' && plan.items.length).toBe(10_000);
  });
});
