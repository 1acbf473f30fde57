import { describe, expect, it } from 'vitest';
import type { Backup } from '../../src/lineage/backup.ts';
import { buildLineage, chainTo } from '../../src/lineage/lineage.ts';
import { cases } from './language.ts';
import { DATASET, parseBackup } from './situation.ts';

cases('healthy full and incremental', [
  'store: - | health → ',
  'store: a(full) | health → a ok',
  'store: a(full) b<a | health → a ok, b ok',
  'store: a(full) b<a c<b d<c | health → a ok, b ok, c ok, d ok',
  'store: a(full) b<a c<a | health → a ok, b ok, c ok',
  'store: a(full) b<a c(full) d<c | health → a ok, b ok, c ok, d ok',
]);

cases('missing parent', [
  'store: b<a | health → b missing parent',
  'store: a(full) c<b | health → a ok, c missing parent',
  'store: b<? | health → b missing parent',
  'store: b{foo=bar} | health → b missing parent',
]);

cases('parent broken below it', [
  'store: b<a c<b | health → b missing parent, c parent broken',
  'store: b<a c<b d<c e<d | health → b missing parent, c parent broken, d parent broken, e parent broken',
  'store: a(full) b<a d<c e<d | health → a ok, b ok, d missing parent, e parent broken',
]);

cases('a cycle of two, of one, of three, and what builds on one', [
  'store: a<b b<a | health → a cycle detected, b cycle detected',
  'store: a<a | health → a cycle detected',
  'store: a<c b<a c<b | health → a cycle detected, b cycle detected, c cycle detected',
  'store: a<b b<a c<b | health → a cycle detected, b cycle detected, c parent broken',
  'store: c<a a<a d<c | health → a cycle detected, c parent broken, d parent broken',
  'store: x(full) a<b b<a y<x | health → x ok, a cycle detected, b cycle detected, y ok',
]);

cases('what the metadata says', [
  'store: a(full) b<a{isfull=false} | health → a ok, b ok',
  'store: b{isfull=false} | health → b missing parent',
  'store: a{is_full=true} b<a | health → a ok, b ok',
  'store: a{Isfull=true} | health → a ok',
  'store: a(full) b<x{isfull=true} c<b | health → a ok, b ok, c ok',
  'store: a<a{isfull=true} | health → a ok',
  'store: a{isfull=yes} | health → a missing parent',
]);

cases('names that sort against the order of the snapshots', [
  'store: z(full) y<z x<y | health → z ok, y ok, x ok',
  'store: daily-10(full) daily-9<daily-10 | health → daily-10 ok, daily-9 ok',
  'store: monday(full) tuesday<monday friday<tuesday | health → monday ok, tuesday ok, friday ok',
]);

cases('the order does not trust the times of a copied bucket', [
  'store: a(full)~9 b<a~5 c<b~1 | health → a ok, b ok, c ok',
  'store: c<b~1 x(full)~2 b<a~3 a(full)~4 | health → a ok, b ok, c ok, x ok',
  'store: b(full)~5 a(full)~5 | health → a ok, b ok',
  'store: b<a~1 c<b~0 a<b~2 | health → b cycle detected, c parent broken, a cycle detected',
]);

cases('a dataset whose name is a prefix of another', [
  'store: a(full) tank/ab@a(full) tank/ab@b<tank/ab@a | health → a ok',
  'store: tank/ab@a(full) b<a | health → b missing parent',
  'store: a(full) b<tank/ab@a | health → a ok, b missing parent',
  'store: a(full) b<tank@a | health → a ok, b missing parent',
]);

cases('guids tell what names hide', [
  'store: a,1(full) b,2<a,1 | health → a ok, b ok',
  'store: a,7(full) b,2<a,1 | health → a ok, b missing parent',
  'store: a,7(full) b,2<a,1 c<b | health → a ok, b missing parent, c parent broken',
  'store: a,1(full) b,2<a | health → a ok, b ok',
  'store: a(full) b,2<a,1 | health → a ok, b ok',
  'store: a,1(full) b,2<renamed,1 | health → a ok, b ok',
  'store: a,1(full) b,2<tank/old@a,1 | health → a ok, b ok',
  'store: a,1<b,2 b,2<a,1 | health → a cycle detected, b cycle detected',
  'store: a,1(full){guid=rubbish} b,2<a,1 | health → a ok, b ok',
  'store: a,1<gone copy,1(full) b,2<renamed,1 | health → a missing parent, copy ok, b ok',
]);

cases('chains', [
  'store: a(full) | chain a → full a',
  'store: a(full) b<a c<b | chain c → full a, b<a, c<b',
  'store: a(full) b<a c<b | chain b → full a, b<a',
  'store: a(full) b<a c<a | chain c → full a, c<a',
  'store: a(full) b<a c(full) d<c | chain d → full c, d<c',
  'store: a,1(full) b,2<renamed,1 | chain b → full a, b<renamed',
  'store: a(full) | chain b → unknown b',
  'store: c<b | chain c → broken c (missing parent) at c (missing parent)',
  'store: c<b d<c e<d | chain e → broken e (parent broken) at c (missing parent)',
  'store: a<b b<a c<b | chain c → broken c (parent broken) at b (cycle detected)',
  'store: a<a | chain a → broken a (cycle detected) at a (cycle detected)',
]);

describe('long chains', () => {
  const LENGTH = 10_000;
  const name = (n: number) => `s${n}`;
  const backups = (first: string): Backup[] => [
    parseBackup(first, 0),
    ...Array.from({ length: LENGTH }, (_, n) => parseBackup(`${name(n + 1)}<${name(n)}`, LENGTH - n)),
  ];

  it('are walked without recursion, whatever order they come in', () => {
    for (const list of [backups('s0(full)'), backups('s0(full)').reverse()]) {
      const lineage = buildLineage(DATASET, list);
      expect(lineage.entries.every(({ health }) => health === 'ok')).toBe(true);
      const chain = chainTo(lineage, name(LENGTH));
      expect(chain.kind === 'chain' && chain.backups.map(({ snapshot }) => snapshot)).toEqual(
        Array.from({ length: LENGTH + 1 }, (_, n) => name(n)),
      );
    }
  });

  it('break as one', () => {
    const lineage = buildLineage(DATASET, backups('s0<gone'));
    expect(lineage.entries.map(({ health }) => health)).toEqual([
      'missing parent',
      ...Array.from({ length: LENGTH }, () => 'parent broken'),
    ]);
    expect(chainTo(lineage, name(LENGTH))).toMatchObject({ culprit: { backup: { snapshot: 's0' } } });
  });

  it('may be one cycle', () => {
    const lineage = buildLineage(DATASET, backups(`s0<${name(LENGTH)}`));
    expect(new Set(lineage.entries.map(({ health }) => health))).toEqual(new Set(['cycle detected']));
  });
});
