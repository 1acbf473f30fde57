/** `store | damaged: NAME… | unread: NAME… → NAME: verdict (reason)…`, in the order in which they are looked at. */
import { describe, expect, it } from 'vitest';
import { planVerify } from '../../src/lineage/plan-verify.ts';
import { giveVerdicts, type Looked } from '../../src/lineage/verdicts.ts';
import { parseSituation } from './situation.ts';

const FINE: Looked = {
  ...{ level: 2, findings: [], notes: [], notVerified: undefined },
  ...{ readBytes: 0, streamBytes: 0, retries: 0 },
};

function answer(line: string): string {
  const namesOf = (what: string) =>
    new RegExp(`\\| ${what}: ([^|]*)`).exec(line)?.[1]?.trim().split(' ') ?? [];
  const [damaged, unread] = [namesOf('damaged'), namesOf('unread')];
  const { lineage } = parseSituation(`${line.split('|')[0]} | health`);
  const plan = planVerify({ lineages: [lineage], lost: [], asked: [], snapshotPrefix: '', level: 2 });
  if (plan.kind !== 'plan') throw new Error(plan.kind);
  const judged = giveVerdicts(plan.items, ({ entry: { backup } }) => ({
    ...FINE,
    findings: damaged.includes(backup.snapshot) ? [{ kind: 'part', message: 'bad' }] : [],
    notVerified: unread.includes(backup.snapshot) ? { code: 'STORE_FAILED', message: 'no' } : undefined,
  }));
  const words = judged.map(({ verdict, reason }, at) => {
    const name = plan.items[at]?.entry.backup.snapshot;
    return `${name}: ${verdict}${reason === undefined ? '' : ` (${reason})`}`;
  });
  return words.join('; ');
}

describe('giveVerdicts', () => {
  it.each([
    'store: a(full) b<a → a: ok; b: ok',
    'store: a(full) b<a c<b x(full) | damaged: b → a: ok; b: damaged; c: not restorable (it builds on tank/a@b, which is damaged); x: ok',
    // of two damaged ones the nearer is named
    'store: a(full) b<a c<b | damaged: a b → a: damaged; b: damaged; c: not restorable (it builds on tank/a@b, which is damaged)',
    'store: c<b d<c → c: not restorable (it builds on tank/a@b, which is not in the store); d: not restorable (it builds on tank/a@b, which is not in the store)',
    'store: c<? → c: not restorable (nothing says what it builds on)',
    'store: a,1(full) c,3<a,2 → a: ok; c: not restorable (it builds on tank/a@a with the guid 2, and the tank/a@a in the store is another snapshot (guid 1))',
    'store: a<b b<a c<b → a: not restorable (it builds on itself, over other backups); b: not restorable (it builds on itself, over other backups); c: not restorable (it builds on itself, over other backups)',
    'store: b<other/ds@a → b: not restorable (it builds on other/ds@a, which is not in the store)',
    // what could not be looked at is no damage, and what builds on it is not blamed
    'store: a(full) b<a | unread: a → a: not verified; b: ok',
    'store: a(full) b<a | unread: b | damaged: a → a: damaged; b: not restorable (it builds on tank/a@a, which is damaged)',
  ])('%s', (line) => {
    const [asked = '', expected = ''] = line.split(' → ');
    expect(answer(asked)).toBe(expected);
  });
});
