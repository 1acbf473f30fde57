import { describe, expect, it } from 'vitest';
import { planRestore } from '../../src/lineage/plan-restore.ts';
import { askRestore } from './ask-plan.ts';
import { cases } from './language.ts';
import { parseSituation } from './situation.ts';

cases('into a dataset that does not exist', [
  'store: a(full) | target: none | restore a → full a',
  'store: a(full) b<a c<b | target: none | restore c → full a, b<a, c<b',
  'store: a(full) b<a c<b | target: none | restore b → full a, b<a',
  'store: a(full) b<a c(full) d<c | target: none | restore d → full c, d<c',
  'store: a(full) b<a | target: none | restore b --force → full a, b<a',
]);

cases('on from the nearest ancestor that the target has', [
  'store: a(full) b<a c<b | target: @a,1 | restore c → on a: b<a, c<b',
  'store: a(full) b<a c<b | target: @a,1 @b,2 | restore c → on b: c<b',
  'store: a(full) b<a c<b | target: @b,2 | restore c → on b: c<b',
  'store: a(full) b<a c<b | target: @a,1 +? | restore c → on a: b<a, c<b',
  'store: a(full) b<a c<b | target: @a,1 | restore c --force → on a: b<a, c<b -F',
  'store: a(full) b<a c<a | target: @old,1#9 @a,2 | restore c → on a: c<a',
]);

cases('nothing to do', [
  'store: a(full) b<a | target: @a,1 @b,2 | restore b → nothing',
  'store: a(full) b<a | target: @a,1 @b,2 | restore a → nothing',
  'store: a(full) b<a | target: @a,1 @b,2 @later,3 +999 | restore b → nothing',
  'store: a(full) b<a | target: @a,1 @b,2 @later,3 | restore b --force → nothing',
  'store: a,1(full) | target: @renamed,1 | restore a → nothing',
  'store: b<a | target: @b,2 | restore b → nothing',
]);

cases('what would be lost', [
  'store: a(full) b<a | target: @a,1 @mine,5 | restore b → would lose mine after a',
  'store: a(full) b<a | target: @a,1 @mine,5 @yours,6 +70 | restore b → would lose mine yours 70 bytes after a',
  'store: a(full) b<a | target: @a,1 +4096 | restore b → would lose 4096 bytes after a',
  'store: a(full) b<a | target: @mine,5 @a,1 | restore b → would lose mine after a',
  'store: a(full) b<a c<a | target: @a,1 @b,2 | restore c → would lose b after a',
  'store: a(full) b<a | target: empty | restore b → would lose everything',
  'store: a(full) b<a | target: empty +? | restore b → would lose everything ? bytes',
  'store: a(full) b<a | target: empty +500 | restore b → would lose everything 500 bytes',
  'store: a(full) b<a | target: @a,1 @mine,5 | restore b --force → on a: b<a -F, losing the snapshot tank/a@mine',
  'store: a(full) b<a | target: @a,1 +4096 | restore b --force → on a: b<a -F, losing 4096 bytes written since the newest snapshot',
  'store: a(full) b<a | target: @a,1 @m,5 +7 | restore b --force → on a: b<a -F, losing the snapshot tank/a@m and 7 bytes written since the newest snapshot',
  'store: a(full) b<a | target: empty | restore b --force → full a, b<a -F, losing all that is in tank/a',
  'store: a(full) | target: empty +500 | restore a --force → full a -F, losing all that is in tank/a (500 bytes written)',
]);

cases('a ZFS that cannot tell what was written', [
  // the receive itself refuses where something was: no consent is asked for what may not be
  'store: a(full) b<a | target: @a,1 +? | restore b → on a: b<a',
  'store: a(full) b<a | target: @a,1 +? | restore b --force → on a: b<a -F, losing whatever was written to tank/a since @a (this ZFS cannot tell)',
  'store: a(full) b<a | target: @a,1 @m,5 +? | restore b → would lose m ? bytes after a',
  'store: a(full) b<a | target: @a,1 @m,5 +? | restore b --force → on a: b<a -F, losing the snapshot tank/a@m and whatever was written to tank/a since @a (this ZFS cannot tell)',
  'store: a(full) | target: empty +? | restore a --force → full a -F, losing all that is in tank/a',
]);

cases('a package of several datasets destroys by force what it does not have', [
  'store: a(full) b<a{send-flags=-R} | target: @a,1 | restore b → on a: b<a',
  'store: a(full) b<a{send-flags=-R} | target: @a,1 | restore b --force → on a: b<a -F, losing every snapshot of tank/a, and every dataset below it, that the stream does not have',
  'store: a(full) b<a{send-flags=-p} | target: @a,1 | restore b --force → on a: b<a -F',
]);

cases('a target with other snapshots', [
  'store: a(full) b<a | target: @x,1 | restore b → target has x',
  'store: a(full) b<a | target: @x,1 @y,2 | restore b --force → target has x y',
  'store: a,1(full) b,2<a,1 | target: @a,8 | restore b → target has a',
  'store: a,1(full) b,2<a,1 | target: @a,8 @b,9 | restore b --force → target has a b',
  'store: a(full) b<a c(full) | target: @a,1 @b,2 | restore c → target has a b',
]);

cases('same name, another snapshot', [
  'store: a,3(full) b,4<a,3 | target: @b,1 @a,3 | restore b → another b',
  'store: a,3(full) b,4<a,3 | target: @b,1 @a,3 | restore b --force → another b',
  'store: a,3(full) b,4<a,3 | target: @a,3 @b,9 | restore b → would lose b after a',
  'store: a,3(full) b,4<a,3 | target: @a,3 @b,9 | restore b --force → on a: b<a -F, losing the snapshot tank/a@b',
]);

cases('renamed snapshots and guids', [
  'store: a,1(full) b,2<a,1 | target: @renamed,1 | restore b → on renamed: b<a',
  'store: a,1(full) b,2<other,1 c,3<b,2 | target: none | restore c → full a, b<other, c<b',
  'store: a,1(full) b,2<a,1 | target: @b,1 @a,7 | restore b → another b',
]);

cases('broken chains', [
  'store: b<a | target: none | restore b → broken b (missing parent) at b (missing parent)',
  'store: b<a c<b | target: none | restore c → broken c (parent broken) at b (missing parent)',
  'store: b<a c<b | target: @x,1 | restore c --force → broken c (parent broken) at b (missing parent)',
  'store: a<b b<a | target: none | restore a → broken a (cycle detected) at a (cycle detected)',
  'store: a<b b<a c<b | target: none | restore c → broken c (parent broken) at b (cycle detected)',
  'store: a<a | target: @a,1 | restore a → broken a (cycle detected) at a (cycle detected)',
  'store: b<? | target: empty | restore b --force → broken b (missing parent) at b (missing parent)',
  // broken only before what the target has
  'store: b<a c<b | target: @b,2 | restore c → on b: c<b',
  'store: b<a c<b | target: @a,1 | restore c → on a: b<a, c<b',
  'store: b,2<a,1 | target: @a,7 | restore b → broken b (missing parent) at b (missing parent)',
  'store: b,2<a,1 | target: @renamed,1 | restore b → on renamed: b<a',
  'store: a,7(full) b,2<a,1 | target: @a,7 | restore b → broken b (missing parent) at b (missing parent)',
  'store: b<tank/ab@a | target: @a,1 | restore b → broken b (missing parent) at b (missing parent)',
]);

cases('how a backup may be named', [
  'store: a(full) b<a | target: none | restore tank/a@a → full a',
  'store: a(full) b<a | target: none | restore @a → full a',
  'store: a(full) b<a | target: none | restore tank/ab@a → other dataset',
  'store: a(full) b<a | target: none | restore c → unknown c',
  'store: - | target: none | restore a → unknown a',
  'prefix: daily | store: daily-1(full) | target: none | restore 1 → full daily-1',
  'prefix: daily | store: daily-1(full) 1(full) | target: none | restore 1 → full 1',
  'prefix: daily | store: daily-1(full) daily:1<daily-1 | target: none | restore 1 → ambiguous daily-1 daily:1',
  'prefix: daily | store: daily-1(full) | target: none | restore tank/a@1 → full daily-1',
]);

cases('what an interrupted receive left', [
  // gone on with where it is what comes next
  'store: a,1(full) b,2<a,1 | target: all partial:1 +500 | restore b → go on with full a, b<a',
  'store: a,1(full) b,2<a,1 | target: @a,1 partial:2 | restore b → go on with on a: b<a',
  'store: a(full) b<a | target: all partial:@a | restore b → go on with full a, b<a',
  'store: a,1(full) b,2<a,1 | target: @a,1 @m,5 partial:2 | restore b → would lose m after a',
  'store: a,1(full) b,2<a,1 | target: @a,1 @m,5 partial:2 | restore b --force → go on with on a: b<a -F, losing the snapshot tank/a@m',
  'store: a,1(full) | target: empty partial:1 +500 | restore a → would lose everything 500 bytes',
  'store: a,1(full) | target: empty partial:1 | restore a --force → go on with full a -F, losing all that is in tank/a',
  // in the way where it is anything else
  'store: a,1(full) b,2<a,1 | target: all partial:9 | restore b → partial in the way',
  'store: a,1(full) b,2<a,1 | target: all partial:2 | restore b → partial in the way',
  'store: a,1(full) b,2<a,1 | target: @a,1 partial:9 | restore b --force → partial in the way',
  'store: a,1(full) b,2<a,1 c,3<b,2 | target: @a,1 partial:3 | restore c → partial in the way',
  'store: a,1(full) | target: all partial:@a | restore a → partial in the way',
  'store: a(full) | target: all partial:? | restore a → partial in the way',
  // and dropped when asked to
  'store: a,1(full) b,2<a,1 | target: all partial:9 +500 | restore b --abort-partial → drop, full a, b<a',
  'store: a,1(full) b,2<a,1 | target: @a,1 partial:9 | restore b --abort-partial → drop, on a: b<a',
  'store: a,1(full) b,2<a,1 | target: @a,1 partial:2 | restore b --abort-partial → drop, on a: b<a',
  'store: a,1(full) b,2<a,1 | target: @a,1 @m,5 partial:9 | restore b --abort-partial → would lose m after a',
  'store: a,1(full) | target: @a,1 partial:9 | restore a --abort-partial → drop, nothing',
  'store: a,1(full) | target: @a,1 partial:9 | restore a → nothing',
  'store: a,1(full) | target: none | restore a --abort-partial → full a',
]);

cases('the newest', [
  'store: a(full)~1 b<a~2 | target: none | restore --latest → full a, b<a',
  'store: a(full)~1 b<a~2 c<x~3 | target: none | restore --latest → full a, b<a',
  'store: a(full)~5 b(full)~2 | target: none | restore --latest → full a',
  'store: a(full) b<a | target: @a,1 | restore --latest → on a: b<a',
  'store: - | target: none | restore --latest → nothing to choose',
  'store: b<a | target: none | restore --latest → nothing to choose, 1 broken',
  // by when the snapshot was taken, where that is known, not by when it was stored
  'local: @a,10 @b,5 | store: a,10(full)~1 b,5(full)~2 | target: none | restore --latest → full a',
]);

cases('the newest before a time', [
  'store: a(full)~1 b<a~5 c<b~9 | target: none | restore --before 5 → full a, b<a',
  'store: a(full)~1 b<a~5 c<b~9 | target: none | restore --before 8 → full a, b<a',
  'store: a(full)~1 b<a~5 | target: none | restore --before 0 → nothing to choose, oldest a',
  'store: a(full)~1 b<x~5 | target: none | restore --before 7 → full a',
  'store: b<x~5 c(full)~9 | target: none | restore --before 7 → nothing to choose, oldest c, 1 broken',
  'local: @a,3 @b,8 | store: a,3(full)~20 b,8<a,3~21 | target: none | restore --before 5 → full a',
]);

describe('an interrupted restore', () => {
  it('goes on without force after each step', () => {
    const store = 'store: a(full) b<a c<b d<c';
    const arrived = ['none', '@a,1', '@a,1 @b,2', '@a,1 @b,2 @c,3', '@a,1 @b,2 @c,3 @d,4'];
    const left = arrived.map((target) => {
      const plan = askRestore(parseSituation(`${store} | target: ${target} | restore d`));
      return plan.kind === 'plan' ? plan.steps.map(({ snapshot }) => snapshot).join('') : plan.kind;
    });
    expect(left).toEqual(['abcd', 'bcd', 'cd', 'd', '']);
  });
});

describe('what it says', () => {
  const notes = (asked: string) => {
    const plan = askRestore(parseSituation(asked));
    return plan.kind === 'plan' ? plan.notes.join(' ') : plan.kind;
  };

  it('tells by what it recognised the ancestor', () => {
    expect(notes('store: a(full) b<a | target: @a,1 | restore b')).toContain('by its name');
    expect(notes('store: a,1(full) b<a | target: @a,1 | restore b')).toBe('');
    expect(notes('store: a,1(full) b<a | target: @z,1 | restore b')).toContain('a is called z at the target');
  });

  it('tells when there is nothing to do, and of a break that does not matter here', () => {
    expect(notes('store: a,1(full) | target: @a,1 | restore a')).toContain('nothing to do');
    expect(notes('store: b,2<a c<b | target: @b,2 | restore c')).toContain('broken (parent broken)');
    expect(notes('store: b,2<a | target: @a,1 | restore b')).toContain('broken (missing parent)');
  });

  it('tells what was chosen, by which time, and what was passed over', () => {
    expect(notes('store: a(full)~1 b<x~5 | target: none | restore --latest')).toBe(
      'a was chosen: stored at 1970-01-01T01:00:00.000Z. b is newer and was passed over: missing parent.',
    );
    expect(notes('local: @a,3 | store: a,3(full)~9 | target: none | restore --before 4')).toBe(
      'a was chosen: taken at 1970-01-01T03:00:00.000Z.',
    );
  });

  it('tells of what lies beside the snapshot that is there', () => {
    expect(notes('store: a,1(full) | target: @a,1 partial:9 | restore a')).toContain(
      '--abort-partial drops it',
    );
  });

  it('keeps the target apart from the dataset whose backups they are', () => {
    const { lineage } = parseSituation('store: a(full) | health');
    const plan = planRestore({
      lineage,
      choice: { by: 'name', name: 'a' },
      target: { name: 'pool/beside', state: undefined },
      original: false,
      force: false,
    });
    expect(plan).toMatchObject({ dataset: 'tank/a', target: 'pool/beside', snapshot: 'a', force: false });
  });
});
