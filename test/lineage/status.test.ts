import { describe, expect, it } from 'vitest';
import { buildLineage } from '../../src/lineage/lineage.ts';
import { assembleStatus } from '../../src/lineage/status.ts';
import { cases } from './language.ts';
import { DATASET, parseBackup, parseSituation } from './situation.ts';

cases('both sides', [
  'local: - | store: - | status → ',
  'local: @a,1 @b,2 | store: a(full) b<a | status → a(full) here, b<a here',
  'local: @a,1 @b,2 @c,3 | store: a(full) b<a | status → a(full) here, b<a here, c(missing) here',
  'local: @a,1 | store: a(full) b<a | status → a(full) here, b<a gone',
  'local: - | store: a(full) b<a | status → a(full) gone, b<a gone',
  'local: @b,2 @a,1 | store: - | status → a(missing) here, b(missing) here',
]);

cases('a machine that lacks the dataset, or has no source', [
  'store: a(full) b<a | status → a(full) gone, b<a gone',
  'store: b<a c<b x<x | status → b<a missing parent gone, c<b parent broken gone, x<x cycle detected gone',
  'store: b<? | status → b<? missing parent gone',
]);

cases('the prefix hides what is neither backed up nor to be', [
  'prefix: d | local: @d1,1 @h1,2 @d2,3 | store: d1(full) | status → d1(full) here, d2(missing) here',
  'prefix: d | local: @d1,1 @h1,2 | store: h1(full) | status → d1(missing) here, h1(full) here',
]);

cases('order of creation, not of names', [
  'local: @z,1 @y,2 @x,3 | store: z(full) y<z | status → z(full) here, y<z here, x(missing) here',
  'store: z(full) y<z x<y | status → z(full) gone, y<z gone, x<y gone',
  // stored later, though it is older
  'local: @a,1 @b,2 @c,3 | store: a(full) c<a b<a | status → a(full) here, b<a here, c<a here',
]);

cases('backups whose snapshot is gone find their place', [
  'local: @c,3 @d,4 | store: a(full) b<a c<b d<c | status → a(full) gone, b<a gone, c<b here, d<c here',
  'local: @a,1 @c,3 | store: a(full) b<a c<b | status → a(full) here, b<a gone, c<b here',
  'local: @c,3 @d,4 | store: a(full) b<a c(full) d<c | status → a(full) gone, b<a gone, c(full) here, d<c here',
  'local: @a,1 @b,2 @n,9 | store: a(full)~1 b<a~2 c<b~3 | status → a(full) here, b<a here, c<b gone, n(missing) here',
  'local: @a,1 @b,2 @n,9 | store: a(full)~20 b<a~21 c<b~22 | status → a(full) here, b<a here, n(missing) here, c<b gone',
  'local: @n,9 | store: a(full)~1 b<a~2 | status → a(full) gone, b<a gone, n(missing) here',
  // stored before its parent was stored (a copied bucket) and after
  'local: @a,1 @b,2 @c,3 | store: a(full)~20 c<a~21 x<c~22 b<a~23 | status → a(full) here, b<a here, c<a here, x<c gone',
  'local: @a,1 | store: c<b~1 b<a~2 a(full)~3 | status → a(full) here, b<a gone, c<b gone',
  'local: @c,3 | store: a<b b<a c(full) | status → a<b cycle detected gone, b<a cycle detected gone, c(full) here',
]);

cases('backups whose snapshot is gone, and whose record tells when it was taken', [
  // stored only after the next one was taken
  'local: @d2,2 | store: d1(full){taken=1} | status → d1(full) gone, d2(missing) here',
  'local: @d2,2 @d3,3 | store: d1(full){taken=1} d3<d1{taken=3} | status → d1(full) gone, d2(missing) here, d3<d1 here',
  'local: @n,2 @m,4 | store: a(full){taken=1} c<a{taken=3} e<c{taken=5} | status → a(full) gone, n(missing) here, c<a gone, m(missing) here, e<c gone',
  // an older one was stored later, in a chain of its own
  'local: @n,4 | store: b(full){taken=3} a(full){taken=1} | status → a(full) gone, b(full) gone, n(missing) here',
  // in the same second
  'local: @d2,2 | store: d1(full){taken=2} | status → d1(full) gone, d2(missing) here',
  'local: @a,2 | store: a(full){taken=2} b<a{taken=2} | status → a(full) here, b<a gone',
  // a clock that was set back: what builds on a backup still comes behind it
  'local: @b,2%2 | store: a(full){taken=9} b<a{taken=2} | status → a(full) gone, b<a here',
  'local: @n,9 | store: a(full){taken=20} b<a{taken=2} | status → a(full) gone, b<a gone, n(missing) here',
  // some of an older tool, which kept no records
  'local: @n,5 | store: a(full)~20 b<a{taken=3}~21 | status → a(full) gone, b<a gone, n(missing) here',
  'local: @n,5 @m,7 | store: a(full)~1 b<a~2 c<b{taken=3}~8 d<c{taken=6}~9 | status → a(full) gone, b<a gone, c<b gone, n(missing) here, d<c gone, m(missing) here',
]);

cases('identity', [
  'local: @a,9 | store: a,1(full)~5 | status → a(full) other here, a(missing) here',
  'local: @renamed,1 | store: a,1(full) | status → a(full) here as renamed',
  // its name belongs to another one by now
  'local: @b,1 @a,9 | store: a,1(full) | status → a(full) here as b, a(missing) here',
  'local: @b,1 @a,9 | store: a,1(full)~1 b,9<a,1~9 | status → a(full) here as b, b<a here as a',
  'prefix: d | local: @a,9 | store: a,1(full)~5 | status → a(full) other here',
  'local: @a,9 | store: a(full) | status → a(full) here',
]);

cases('marks', [
  'local: @a,1! @b,2!other | store: a,1(full) b,2<a,1 | status → a(full) here held, b<a here',
  'local: @a,1!zfs3backup:s2 | store: a,1(full) | status → a(full) here',
  'local: #x,1 @b,2 | store: a,1(full) b,2<a,1 | status → a(full) gone bookmark, b<a here',
  'local: #a,9 | store: a,1(full) | status → a(full) gone',
  'local: #a,1 | store: a(full) | status → a(full) gone',
]);

describe('rows and summary', () => {
  const here = { localName: null, held: false, bookmarked: false };
  const of = (asked: string) => {
    const { lineage, local, marks, snapshotPrefix } = parseSituation(`${asked} | status`);
    const side = local ? 'read' : 'no dataset';
    return assembleStatus({ lineage, side, snapshots: local ?? [], marks, snapshotPrefix });
  };

  it('sums up', () => {
    const { summary } = of('prefix: d | local: @d1,1 @h,2 @d3,3 | store: d1(full) d0<gone');
    expect(summary).toEqual({
      backups: 2,
      storedBytes: 200,
      matching: 2,
      notBackedUp: ['d3'],
      passedOver: [],
      leftOut: 1,
      broken: ['d0'],
      staleRecords: [],
      otherSnapshots: [],
    });
  });

  it('claims nothing of a machine that was not read', () => {
    const unknown = { matching: null, notBackedUp: null, passedOver: null, leftOut: null };
    const { lineage } = parseSituation('store: a(full) b<gone | status');
    const facts = { lineage, snapshots: [], snapshotPrefix: '' };
    for (const [side, local] of [
      ['no dataset', 'missing'],
      ['no source', 'missing'],
      ['unreadable', null],
      ['not looked at', null],
    ] as const) {
      const { summary, snapshots } = assembleStatus({ ...facts, side });
      expect(summary).toMatchObject({ ...unknown, backups: 2, broken: ['b'] });
      expect(snapshots.map((row) => row.local)).toEqual([local, local]);
    }
  });

  it('tells what is too old to be stored from what is yet to come', () => {
    const passedOver = (asked: string) => of(asked).summary.passedOver;
    expect(passedOver('local: @a,1 @b,2 @c,3 @d,4 | store: c(full)')).toEqual(['a', 'b']);
    expect(passedOver('local: @d2,2 #d1,1 | store: d1,1(full){taken=1}')).toEqual([]);
    expect(passedOver('local: @a,1 @b,2 | store: ')).toEqual([]);
    expect(passedOver('local: @a,1 @b,2 | store: b<gone')).toEqual([]);
    expect(passedOver('prefix: d | local: @d1,1 @h,2 @d3,3 | store: h(full)')).toEqual(['d1']);
  });

  it('gives sizes and dates: of the snapshot where it is local, else of the object', () => {
    const { snapshots } = of('local: @a,1 @c,3 | store: a(full)~5 b<a~6');
    expect(snapshots).toEqual([
      {
        name: 'a',
        parent: null,
        type: 'full',
        health: 'ok',
        local: 'ok',
        ...here,
        streamBytes: 2048,
        storedBytes: 100,
        record: 'none',
        createdAt: '1970-01-01T01:00:00.000Z',
      },
      {
        name: 'c',
        parent: null,
        type: 'missing',
        health: null,
        local: 'ok',
        ...here,
        streamBytes: null,
        storedBytes: null,
        record: null,
        createdAt: '1970-01-01T03:00:00.000Z',
      },
      {
        name: 'b',
        parent: 'a',
        type: 'incremental',
        health: 'ok',
        local: 'missing',
        ...here,
        streamBytes: 2048,
        storedBytes: 100,
        record: 'none',
        createdAt: '1970-01-01T06:00:00.000Z',
      },
    ]);
  });

  it('goes by what was recorded, where a record tells of the very object', () => {
    const lineage = buildLineage(DATASET, [
      {
        ...parseBackup('a(full)'),
        recordKey: 'r',
        streamBytes: 4096,
        snapshotCreatedAt: new Date('2026-11-21T00:00:00Z'),
      },
      { ...parseBackup('b<a', 1), staleRecordKey: 'r' },
    ]);
    const { snapshots, summary } = assembleStatus({
      lineage,
      side: 'read',
      snapshots: [],
      snapshotPrefix: '',
    });
    expect(snapshots).toMatchObject([
      { record: 'ok', streamBytes: 4096, createdAt: '2026-11-21T00:00:00.000Z', health: 'ok' },
      { record: 'stale', streamBytes: 2048, health: 'ok' },
    ]);
    expect(summary.staleRecords).toEqual(['b']);
  });

  it('lists a long chain that lost its snapshots', () => {
    const chain = Array.from({ length: 5000 }, (_, n) => `s${n + 1}<s${n}`).reverse();
    const { snapshots } = of(`local: @now,1 | store: s0(full) ${chain.join(' ')}`);
    expect(snapshots.map(({ name }) => name)).toEqual([
      'now',
      ...Array.from({ length: 5001 }, (_, n) => `s${n}`),
    ]);
  });
});
