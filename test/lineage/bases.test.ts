import { describe, expect, it } from 'vitest';
import { askBackup } from './ask-plan.ts';
import { cases } from './language.ts';
import { parseSituation } from './situation.ts';

cases('a base that is only a bookmark any more', [
  'local: #x,1 @b,2 | store: a,1(full) | backup → b<#x (stored as a)',
  'local: #a,1 @b,2 @c,3 | store: a,1(full) | backup → b<#a, c<b',
  'local: #ours:a,1 @b,2 | store: a,1(full) | backup --incremental → b<#ours:a (stored as a)',
  // another store's, or a person's, is as good
  'local: #zfs3backup:s2:a,1 @b,2 | store: a,1(full) | backup → b<#zfs3backup:s2:a (stored as a)',
  // the newest counts, whatever it is
  'local: @a,1 #b,2 @c,3 | store: a,1(full) b,2<a,1 | backup → c<#b',
  'local: #a,1 @b,2 @c,3 | store: a,1(full) b,2<a,1 | backup → c<b',
  'local: @a,1 #ours:a,1 @b,2 | store: a,1(full) | backup → b<a',
  'local: @renamed,1 #a,1 @b,2 | store: a,1(full) | backup → b<renamed (stored as a)',
  // never one that is newer than what is sent
  'local: @a,1 @b,2 #c,3 @d,4 | store: a,1(full) c,3<a,1 | backup --snapshot b → b<a',
  'local: #a,5#1 @b,5#2 | store: a,1(full) | backup → nothing in common',
  // what is older than the bookmark is not sent behind it
  'local: @b,2 #c,3 @d,4 | store: a,1(full) c,3<a,1 | backup → d<#c',
]);

cases('a bookmark is what its guid says, never its name', [
  'local: #a,9 @b,10 | store: a,1(full) | backup → nothing in common',
  'local: #ours:a,9 @b,10 | store: a,1(full) | backup → nothing in common',
  'local: #ours:a,9 @a,1 @b,10 | store: a,1(full) | backup → b<a',
  // predecessors' objects have no guid
  'local: #a,1 @b,2 | store: a(full) | backup → nothing in common',
  // but what was stored on top of them has
  'local: #b,2 @c,3 | store: a(full) b,2<a | backup → c<#b',
]);

// taken at the hour of their txg; `%HOUR` says another one
cases('a bookmark that the dataset has gone back past', [
  'local: @a,1 #b,5 @x,9%4 @y,10 | store: a,1(full) b,5<a,1 | backup → x<a, y<x',
  'local: #b,5 @x,9%4 | store: b,5(full) | backup → nothing in common',
  'local: #b,5 @x,9%5 | store: b,5(full) | backup → x<#b',
  // received beside it, as a replica is, and nothing undone
  'local: #b,9%2 @c,10%3 | store: b,9(full) | backup → c<#b',
]);

cases('going back takes marks along that would be in the way, or lie', [
  'store: a,1(full) b,2<a,1 | target: @a,1 @x,3! #ours:x,3 #x,3 #a,1 | restore b --force → [-!x -#ours:x -#x] on a: b<a -F, losing the snapshot tank/a@x and the bookmark tank/a#x',
  'store: a,1(full) b,2<a,1 | target: @a,1! #ours:a,1 @x,3!zfs3backup:s2 | restore b --force → [-!x] on a: b<a -F, losing the snapshot tank/a@x',
  'store: a,1(full) b,2<a,1 | target: @a,1 @x,3!mine | restore b --force → on a: b<a -F, losing the snapshot tank/a@x',
  'store: a,1(full) | target: #ours:x,3 +5 | restore a --force → [-#ours:x] full a -F, losing all that is in tank/a (5 bytes written)',
  // nothing is undone
  'store: a,1(full) b,2<a,1 | target: @a,1! #ours:a,1 #x,3 | restore b → on a: b<a',
  'store: a,1(full) b,2<a,1 | target: @a,1 #x,3 @x,3 | restore b → would lose x after a',
]);

cases('the prefix selects what is sent, not what may serve as a base', [
  'prefix: d | local: #h,1 @d2,2 | store: h,1(full) | backup → d2<#h',
  'prefix: d | local: @renamed,1 @d2,2 | store: d1,1(full) | backup → d2<renamed (stored as d1)',
]);

cases('a chain that is not as recorded is left for one that is, where there is one', [
  'local: @a,1 @b,2 @c,3 | store: a,1(full) b,2(full){stale=yes} | backup → c<a',
  'local: @a,1 @b,2 @c,3 @d,4 | store: a,1(full) b,2<a,1{stale=yes} c,3<b,2 | backup → d<a',
  'local: @b,2 @c,3 | store: a,1(full) b,2(full){stale=yes} | backup → c<b',
]);

cases('a chain that is broken is left for the newest that is whole', [
  'local: @a,1 @b,2 @c,3 | store: a,1(full) b,2<gone,7 | backup → c<a',
  'local: @a,1 @b,2 @c,3 @d,4 | store: a,1(full) b,2<gone,7 c,3<b,2 | backup → d<a',
  'local: #a,1 @b,2 @c,3 | store: a,1(full) b,2<gone,7 | backup → c<#a',
  'local: @a,1 @b,2 | store: a,1(full) b,2<gone,7 | backup → broken b (missing parent) at b (missing parent)',
  'local: @b,2 @c,3 | store: a,1(full) b,2<gone,7 | backup → broken b (missing parent) at b (missing parent)',
]);

const FIRST = 'local: @a,1 @b,2 | store: -';
const NEXT = 'local: @a,1! #ours:a,1 @b,2 | store: a,1(full)';

cases('marks go with the newest that both sides have', [
  `${FIRST} | backup --marks → full b [+#ours:b +!b]`,
  `${FIRST} | backup --history --marks → full a [+#ours:a +!a], b<a [+#ours:b +!b -#ours:a -!a]`,
  `${NEXT} | backup --marks → b<a [+#ours:b +!b -#ours:a -!a]`,
  `${NEXT} | backup --full --marks → full b [+#ours:b +!b -#ours:a -!a]`,
  'local: @a,1! #ours:a,1 | store: a,1(full) | backup --marks → nothing',
  'local: #ours:a,1 @b,2 | store: a,1(full) | backup --marks → b<#ours:a (stored as a) [+#ours:b +!b -#ours:a]',
  'local: @n,1! #ours:a,1 @b,2 | store: a,1(full) | backup --marks → b<n (stored as a) [+#ours:b +!b -#ours:a -!n]',
  // in the middle of what is stored
  'local: @a,1 @b,2 @c,3! #ours:c,3 | store: a,1(full) c,3<a,1 | backup --snapshot b --marks → b<a',
  'local: @a,1 @b,2 @c,3! #ours:c,3 | store: a,1(full) c,3<a,1 | backup --full --snapshot b --marks → full b',
]);

cases('a run that died before its marks is made good', [
  'local: @a,1! #ours:a,1 @b,2 | store: a,1(full) b,2<a,1 | backup --marks → [+#ours:b +!b -#ours:a -!a] nothing',
  'local: @a,1! @b,2 #ours:b,2 @c,3 | store: a,1(full) b,2<a,1 | backup --marks → [+!b -!a] c<b [+#ours:c +!c -#ours:b -!b]',
  'local: @a,1 @b,2! #ours:a,1 #ours:b,2 | store: a,1(full) b,2<a,1 | backup --marks → [-#ours:a] nothing',
  'local: @a,1 @b,2 | store: a,1(full) | backup --marks → [+#ours:a +!a] b<a [+#ours:b +!b -#ours:a -!a]',
  'local: @a,1 @b,2 | store: a(full) | backup --marks → [+#ours:a +!a] b<a [+#ours:b +!b -#ours:a -!a]',
]);

cases("what is another store's, or a person's, stays", [
  'local: @a,1!zfs3backup:s2 #zfs3backup:s2:a,1 @b,2 | store: a,1(full) | backup --marks → [+#ours:a +!a] b<a [+#ours:b +!b -#ours:a -!a]',
  'local: @a,1!mine #a,1 @b,2 | store: - | backup --marks → full b [+#ours:b +!b]',
  'local: @a,1!zfs3backup:s11 #zfs3backup:s11:a,1 @b,2 | store: - | backup --marks → full b [+#ours:b +!b]',
  // two stores, one behind the other: neither takes the base of the other away
  'local: @a,1!zfs3backup:s2 #zfs3backup:s2:a,1 @b,2! #ours:b,2 @c,3 | store: a,1(full) b,2<a,1 | backup --marks → c<b [+#ours:c +!c -#ours:b -!b]',
]);

cases('a name that is taken', [
  'local: #ours:b,1 @b,2 | store: - | backup --marks → full b [+#ours:2=b +!b -#ours:b]',
  'local: #ours:b,1 #ours:2,3 @b,2 | store: - | backup --marks → full b [+!b]',
  `local: @${'n'.repeat(240)},2 | store: - | backup --marks → full ${'n'.repeat(240)} [+#ours:2=${'n'.repeat(240)} +!${'n'.repeat(240)}]`,
]);

cases('marks can be switched off, and then none is touched', [
  `${NEXT} | backup --marks --no-holds → b<a [+#ours:b -#ours:a]`,
  `${NEXT} | backup --marks --no-bookmarks → b<a [+!b -!a]`,
  `${NEXT} | backup --marks --no-bookmarks --no-holds → b<a`,
]);

cases('flags are pinned to a chain', [
  'flags: -c -L | local: @a,1 | store: - | backup → full a with -L -c',
  'flags: -cL | local: @a,1 @b,2 | store: a,1(full){send-flags=-L_-c} | backup → b<a with -L -c',
  'flags: --compressed --large-block -v | local: @a,1 @b,2 | store: a,1(full){send-flags=-L_-c} | backup → b<a with -L -c',
  'local: @a,1 @b,2 | store: a,1(full){send-flags=none} | backup → b<a',
  'flags: -L | local: @a,1 @b,2 @c,3 | store: a,1(full){send-flags=none} | backup → full b, c<b with -L',
  'local: @a,1 @b,2 | store: a,1(full){send-flags=-L} | backup → full b',
  'flags: -L | local: @a,1 @b,2 | store: a,1(full){send-flags=none} | backup --incremental → flags changed since a',
  'flags: -L | local: @a,1 @b,2 | store: a,1(full){send-flags=none} | backup --full → full b with -L',
  'flags: -L | local: @a,1 @b,2 | store: a,1(full){send-flags=none} b,2<a,1{send-flags=none} | backup → nothing',
  // went over to the new ones
  'flags: -L | local: @a,1 @b,2 @c,3 | store: a,1(full){send-flags=none} b,2(full){send-flags=-L} | backup → c<b with -L',
  'flags: -L | local: @a,9 | store: a,1(full){send-flags=none} | backup → another a',
]);

cases('a chain that nobody knows the flags of', [
  'local: @a,1 @b,2 | store: a(full) | backup → b<a',
  'flags: -L -c | local: @a,1 @b,2 | store: a(full) | backup → b<a with -L -c',
  'flags: -L -c | local: @a,1 @b,2 @c,3 | store: a(full) b,2<a{send-flags=-L_-c} | backup → c<b with -L -c',
  'flags: -c | local: @a,1 @b,2 @c,3 | store: a(full) b,2<a{send-flags=-L_-c} | backup → full c with -c',
  'flags: -w encrypted | local: @a,1 @b,2 | store: a(full) | backup → full b with -w',
  'flags: -w encrypted | local: @a,1 @b,2 | store: a(full) | backup --incremental → flags changed since a',
]);

cases('raw is the default of an encrypted dataset', [
  'flags: encrypted | local: @a,1 | store: - | backup → full a with -w',
  'flags: encrypted -c | local: @a,1 | store: - | backup → full a with -w',
  'flags: encrypted raw=off -c | local: @a,1 | store: - | backup → full a with -c',
  'flags: encrypted | local: @a,1 @b,2 | store: a,1(full){send-flags=-w} | backup → b<a with -w',
  // raw and not raw never mix
  'flags: encrypted | local: @a,1 @b,2 | store: a,1(full){send-flags=none} | backup → full b with -w',
  'flags: encrypted raw=off | local: @a,1 @b,2 | store: a,1(full){send-flags=-w} | backup → full b',
  'local: @a,1 @b,2 | store: a,1(full){send-flags=-w} | backup → full b',
  // predecessors could not send raw: the default goes on as they did, a wish does not
  'flags: encrypted | local: @a,1 @b,2 | store: a(full) | backup → b<a',
  'flags: encrypted | local: @a,1 @b,2 @c,3 | store: a(full) b,2<a{send-flags=none} | backup → c<b',
  'flags: encrypted -L | local: @a,1 @b,2 @c,3 | store: a(full) b,2<a{send-flags=none} | backup → full c with -w',
  'flags: encrypted raw=on | local: @a,1 @b,2 | store: a(full) | backup → full b with -w',
  'flags: encrypted | local: @a,1 @b,2 | store: a(full) | backup --full → full b with -w',
  // of blocks that are not encrypted -w makes what -L -c -e make
  'flags: raw=on | local: @a,1 | store: - | backup → full a with -L -c -e',
  'flags: raw=on | local: @a,1 @b,2 | store: a,1(full){send-flags=-L_-c_-e} | backup → b<a with -L -c -e',
]);

describe('what is said of bases and flags', () => {
  const notes = (asked: string) => {
    const plan = askBackup(parseSituation(asked));
    return plan.kind === 'plan' ? plan.notes.join(' ') : plan.kind;
  };

  it.each([
    ['local: #x,1 @b,2 | store: a,1(full) | backup', 'tank/a@a is gone here: going on from its bookmark #x.'],
    [
      'local: @a,1 @b,2 @c,3 | store: a,1(full) b,2<gone,7 | backup',
      'The chain of tank/a@b is broken (missing parent): going on from a.',
    ],
    [
      'local: @a,1 @b,2 @c,3 | store: a,1(full) b,2(full){stale=yes} | backup',
      'The chain of tank/a@b is doubtful (not the object that was recorded): going on from a.',
    ],
    [
      'local: @b,2 @c,3 | store: b,2(full){stale=yes} | backup',
      'tank/a@b: not the object that was recorded. `zfs3backup verify --level 2` reads it',
    ],
    [
      'flags: -L | local: @a,1 @b,2 | store: a,1(full){send-flags=-c} | backup',
      'A new chain starts with a full backup, for the chain in the store has the send flags -c, now they are -L.',
    ],
    [
      'flags: encrypted | local: @a,1 | store: - | backup',
      'tank/a is encrypted: it is sent as it is on disk (-w)',
    ],
    [
      'flags: encrypted | local: @a,1 @b,2 | store: a(full) | backup',
      'going on without -w; --full starts a raw one',
    ],
  ])('%s', (asked, words) => expect(notes(asked)).toContain(words));

  it('says nothing of raw when it was asked for', () => {
    expect(notes('flags: encrypted -w | local: @a,1 @b,2 | store: a,1(full){send-flags=-w} | backup')).toBe(
      '',
    );
  });

  it('adds -w once, and hands on what was given', () => {
    const argv = (asked: string) => {
      const plan = askBackup(parseSituation(`${asked} | local: @a,1 | store: - | backup`));
      return plan.kind === 'plan' ? plan.steps[0]?.flags.argv : undefined;
    };
    expect(argv('flags: encrypted -v -c')).toEqual(['-v', '-c', '-w']);
    expect(argv('flags: encrypted --raw')).toEqual(['--raw']);
    expect(argv('flags: encrypted -cw')).toEqual(['-cw']);
    expect(argv('flags: -p')).toEqual(['-p']);
  });
});
