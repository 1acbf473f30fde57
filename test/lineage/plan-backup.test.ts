import { describe, expect, it } from 'vitest';
import { askBackup } from './ask-plan.ts';
import { cases } from './language.ts';
import { parseSituation } from './situation.ts';

cases('an empty store', [
  'local: @a,1 | store: - | backup → full a',
  'local: @a,1 @b,2 @c,3 | store: - | backup → full c',
  'local: @a,1 @b,2 @c,3 | store: - | backup --snapshot b → full b',
  'local: @a,1 @b,2 @c,3 | store: - | backup --history → full a, b<a, c<b',
  'local: @a,1 @b,2 @c,3 | store: - | backup --history --snapshot b → full a, b<a',
  'local: @a,1 | store: - | backup --history → full a',
  'local: @a,1 @b,2 | store: - | backup --full → full b',
  'local: @a,1 @b,2 | store: - | backup --full --history → full b',
  'local: @a,1 @b,2 | store: - | backup --incremental → nothing in common',
  'local: @a,1 @b,2 | store: - | backup --incremental --history → nothing in common',
  'local: @a,1 @b,2 | store: tank/ab@a(full) | backup → full b',
]);

cases('everything between the newest backup and the newest snapshot', [
  'local: @a,1 @b,2 | store: a(full) | backup → b<a',
  'local: @a,1 @b,2 @c,3 @d,4 | store: a(full) | backup → b<a, c<b, d<c',
  'local: @a,1 @b,2 @c,3 | store: a(full) b<a | backup → c<b',
  'local: @a,1 @b,2 @c,3 | store: a(full) b<a | backup --incremental → c<b',
  'local: @a,1 @b,2 @c,3 | store: a(full) | backup --snapshot b → b<a',
  'local: @a,1 @b,2 @c,3 | store: a(full) | backup --history → b<a, c<b',
  'local: @a,1 @b,2 @c,3 | store: a(full) c<a | backup --snapshot b → b<a',
  'local: @a,1 @b,2 @c,3 @d,4 | store: a(full) c<a | backup → d<c',
  'local: @a,1 @b,2 @c,3 | store: a(full) b(full) | backup → c<b',
]);

cases('a snapshot whose backup exists is left alone', [
  'local: @a,1 | store: a(full) | backup → nothing',
  'local: @a,1 @b,2 | store: a(full) b<a | backup → nothing',
  'local: @a,1 @b,2 | store: a(full) b<a | backup --incremental → nothing',
  'local: @a,1 @b,2 | store: a(full) b<a | backup --snapshot a → nothing',
  'local: @a,1 @b,2 | store: a(full) b<a | backup --history → nothing',
  'local: @a,1 @b,2 @c,3 | store: a(full) c<a | backup → nothing',
  'local: @a,1 | store: a(full) | backup --full → nothing',
]);

cases('creation decides, not names', [
  'local: @z,1 @y,2 @x,3 | store: z(full) | backup → y<z, x<y',
  'local: @x,3 @z,1 @y,2 | store: z(full) | backup → y<z, x<y',
  'local: @daily-10,1 @daily-9,2 | store: - | backup --history → full daily-10, daily-9<daily-10',
  'local: @b,10 @a,9 | store: - | backup → full b',
  'local: @b,18446744073709551615 @a,9007199254740993 | store: - | backup --history → full a, b<a',
  'local: @a,9007199254740993 @b,9007199254740992 | store: b(full) | backup → a<b',
  'local: @a,5#1 @b,5#2 | store: a(full) | backup → b<a',
]);

cases('foreign snapshots between', [
  'prefix: daily | local: @daily-1,1 @hourly,2 @daily-2,3 | store: daily-1(full) | backup → daily-2<daily-1',
  'prefix: daily | local: @daily-1,1 @daily-2,2 @manual,3 | store: daily-1(full) | backup → daily-2<daily-1',
  'prefix: daily | local: @daily-1,1 @manual,2 | store: daily-1(full) | backup → nothing',
  'prefix: daily | local: @m,1 @daily-1,2 @n,3 @daily-2,4 | store: - | backup --history → full daily-1, daily-2<daily-1',
  'prefix: daily | local: @m,1 @daily-1,2 | store: - | backup → full daily-1',
  // the prefix selects what is sent, not what may be built on
  'prefix: daily | local: @manual,1 @daily-1,2 | store: manual(full) | backup → daily-1<manual',
  'prefix: daily | local: @daily-1,1 @manual,2 @daily-2,3 | store: daily-1(full) manual<daily-1 | backup → daily-2<manual',
  // named, a snapshot needs no prefix
  'prefix: daily | local: @daily-1,1 @manual,2 | store: daily-1(full) | backup --snapshot manual → manual<daily-1',
  'prefix: daily | local: @daily-1,1 @daily-2,2 @manual,3 | store: daily-1(full) | backup --snapshot manual → daily-2<daily-1, manual<daily-2',
  'prefix: daily | local: @manual,1 @daily-1,2 | store: - | backup --history --snapshot manual → full manual',
  'prefix: daily | local: @daily-1,1 @manual,2 | store: - | backup --full --snapshot manual → full manual',
]);

cases('no snapshot with the prefix', [
  'prefix: daily | local: @hourly-1,1 | store: - | backup → no prefix daily',
  'prefix: daily | local: @hourly-1,1 | store: - | backup --full → no prefix daily',
  'prefix: daily | local: @hourly-1,1 | store: hourly-1(full) | backup → no prefix daily',
  'prefix: daily | local: - | store: - | backup → no prefix daily',
  'local: - | store: a(full) | backup → no prefix (empty)',
]);

cases('how a snapshot may be named', [
  'local: @a,1 @b,2 | store: a(full) | backup --snapshot tank/a@b → b<a',
  'local: @a,1 @b,2 | store: a(full) | backup --snapshot @b → b<a',
  'local: @a,1 @b,2 | store: a(full) | backup --snapshot tank/ab@b → other dataset',
  'local: @a,1 @b,2 | store: a(full) | backup --snapshot c → unknown c',
  'local: @a,1 | store: a(full) | backup --snapshot @ → unknown @',
  'prefix: daily- | local: @daily-1,1 @daily-2,2 | store: - | backup --snapshot 1 → full daily-1',
  'prefix: daily | local: @daily-1,1 @daily-2,2 | store: - | backup --snapshot 1 → full daily-1',
  'prefix: daily | local: @daily-1,1 @daily-2,2 | store: - | backup --snapshot -1 → full daily-1',
  'prefix: daily | local: @daily-1,1 @1,2 | store: - | backup --snapshot 1 → full 1',
  'prefix: daily | local: @daily-1,1 @daily_1,2 | store: - | backup --snapshot 1 → ambiguous daily-1 daily_1',
  'prefix: zfs-auto-snap:daily | local: @zfs-auto-snap:daily-2026-01-02,1 | store: - | backup --snapshot 2026-01-02 → full zfs-auto-snap:daily-2026-01-02',
  'prefix: daily | local: @hourly-1,1 | store: - | backup --snapshot 1 → unknown 1',
]);

cases('destroyed parents', [
  'local: @c,3 @d,4 | store: a(full) b<a c<b | backup → d<c',
  'local: @b,2 @d,4 | store: a(full) b<a c<b | backup → d<b',
  'local: @d,4 @e,5 | store: a(full) b<a c<b | backup → nothing in common',
  'local: @d,4 @e,5 | store: a(full) b<a c<b | backup --incremental → nothing in common',
  'local: @d,4 @e,5 | store: a(full) b<a c<b | backup --full → full e',
  'local: @d,4 @e,5 | store: a(full) b<a c<b | backup --history → nothing in common',
  'local: @d,4 @e,5 | store: a(full) d(full) | backup → e<d',
]);

cases('a store newer than the machine', [
  'local: @a,1 @b,2 | store: a(full) b<a c<b d<c | backup → nothing',
  'local: @a,1 @b,2 @n,9 | store: a(full) b<a c<b d<c | backup → n<b',
  'local: @a,1 | store: a(full) b<a | backup --snapshot b → unknown b',
  'local: @a,1 @b,2 | store: b(full) | backup --snapshot a → nothing in common',
]);

cases('a broken chain on the way', [
  'local: @a,1 @b,2 @c,3 | store: b<a | backup → broken b (missing parent) at b (missing parent)',
  'local: @a,1 @b,2 @c,3 @d,4 | store: b<a c<b | backup → broken c (parent broken) at b (missing parent)',
  'local: @a,1 @b,2 | store: b<a | backup → broken b (missing parent) at b (missing parent)',
  'local: @a,1 @b,2 @c,3 | store: b<a | backup --incremental → broken b (missing parent) at b (missing parent)',
  'local: @a,1 @b,2 @c,3 | store: b<a | backup --history → broken b (missing parent) at b (missing parent)',
  'local: @a,1 @b,2 @c,3 | store: a<b b<a | backup → broken b (cycle detected) at b (cycle detected)',
  'local: @a,1 @b,2 | store: a<a | backup → broken a (cycle detected) at a (cycle detected)',
  'local: @a,1 @b,2 @c,3 | store: b<a | backup --full → full c',
  'local: @a,1 @b,2 @c,3 @d,4 | store: b<a c(full) | backup → d<c',
  // broken elsewhere does not matter
  'local: @a,1 @b,2 | store: a(full) y<x | backup → b<a',
  'local: @a,1 @b,2 @c,3 | store: a<gone b(full) | backup → c<b',
]);

cases('backups are write-once', [
  'local: @a,1 @b,2 | store: a(full) b<a | backup --full → exists b (ok)',
  'local: @a,1 @b,2 | store: b<a | backup --full → exists b (missing parent)',
  'local: @a,1 @b,2 | store: b<b | backup --full → exists b (cycle detected)',
  'local: @a,1 @b,2 | store: a(full) b<a | backup --full --snapshot a → nothing',
  'local: @a,1 @b,2 @c,3 | store: a(full) b<a | backup --full --snapshot b → exists b (ok)',
  'local: @a,1 @b,2 @c,3 | store: a(full) c<a | backup --full --snapshot b → full b',
]);

cases('same name, another snapshot', [
  'local: @a,9 | store: a,1(full) | backup → another a',
  'local: @a,9 | store: a,1(full) | backup --full → another a',
  'local: @a,9 | store: a,1(full) | backup --incremental → another a',
  'local: @b,2 @a,9 | store: a,1(full) b,2<a,1 | backup → another a',
  'local: @b,2 @c,3 @a,9 | store: a,1(full) b,2<a,1 | backup → another a',
  'local: @b,2 @c,3 @a,9 | store: a,1(full) b,2<a,1 | backup --snapshot c → c<b',
  'local: @a,8 @b,9 | store: a,1(full) b,2<a,1 | backup → another b',
  // in the way of nothing
  'local: @a,3 @b,5 @c,6 | store: a,1(full) b,5(full) | backup → c<b',
  'prefix: x | local: @x1,1 @a,3 @x2,4 | store: x1,1(full) a,2<x1,1 | backup → x2<x1',
  // nobody can tell
  'local: @a,9 | store: a(full) | backup → nothing',
  'local: @a,9 @b,10 | store: a(full) | backup → b<a',
]);

cases('renamed snapshots', [
  'local: @new,1 @b,2 | store: old,1(full) | backup → b<new (stored as old)',
  'local: @new,1 @b,2 @c,3 | store: old,1(full) | backup → b<new (stored as old), c<b',
  'local: @new,1 | store: old,1(full) | backup → nothing',
  'local: @z,1 @b,2 | store: x,1(full) y,1<gone | backup → b<z (stored as x)',
  'local: @z,1 @b,2 | store: x,1<gone y,1(full) | backup → b<z (stored as y)',
  'local: @new,1 | store: old,1(full) | backup --full → nothing',
  'local: @a,1 @new,2 | store: a,1(full) old,2<a,1 | backup --full → full new',
  'local: @b,2 | store: b,1(full) a,2<b,1 | backup --full → another b',
  'local: @b,2 | store: b,1(full) a,2<b,1 | backup → nothing',
  'local: @a,1 @b,2 @c,3 | store: b,1(full) a,2<b,1 | backup → c<b (stored as a)',
]);

describe('what it says', () => {
  const notes = (asked: string) => {
    const plan = askBackup(parseSituation(asked));
    return plan.kind === 'plan' ? plan.notes : plan.kind;
  };

  it('names the full it starts with, and what is left out', () => {
    expect(notes('local: @a,1 @b,2 @c,3 | store: - | backup')).toEqual([
      'The store has no backup of tank/a yet: starting with a full one of tank/a@c.',
      '2 older snapshots are left out; --history sends them too.',
    ]);
    expect(notes('local: @a,1 | store: - | backup')).toHaveLength(1);
    expect(notes('local: @a,1 @b,2 | store: - | backup --history')).toEqual([
      expect.stringContaining('a full one of the oldest snapshot, tank/a@a'),
    ]);
  });

  it('says when there is nothing to do, and nothing when all is as always', () => {
    expect(notes('local: @a,1 | store: a(full) | backup')).toEqual([
      'tank/a@a is in the store already: nothing to do.',
    ]);
    expect(notes('local: @a,1 @b,2 | store: a(full) | backup')).toEqual([]);
  });

  it('tells of renamed snapshots and of options without effect', () => {
    expect(notes('local: @new,1 @b,2 | store: old,1(full) | backup')).toEqual([
      'tank/a@new is in the store under its former name old.',
    ]);
    expect(notes('local: @a,1 @b,2 | store: a(full) | backup --history')).toHaveLength(1);
    expect(notes('local: @a,1 @b,2 | store: - | backup --full --history')).toHaveLength(1);
  });
});
