import { describe, expect, it } from 'vitest';
import { exitStatusOf, Zfs3BackupError } from '../../src/errors.ts';
import { conflictError } from '../../src/lineage/conflict-error.ts';
import type { Conflict } from '../../src/lineage/conflicts.ts';
import { askBackup, askRestore } from './ask-plan.ts';
import { parseSituation } from './situation.ts';

function errorOf(asked: string) {
  const situation = parseSituation(asked);
  const answer = situation.question[0] === 'restore' ? askRestore(situation) : askBackup(situation);
  if (answer.kind === 'plan') throw new Error(`a plan: ${asked}`);
  return conflictError(answer);
}

describe('each conflict has its code, its exit status and words to act on', () => {
  const many = Array.from({ length: 30 }, (_, n) => `@h${n},${n + 1}`).join(' ');

  it.each<[string, string, number, RegExp, RegExp]>([
    [
      'prefix: daily | local: @h1,1 @h2,2 | store: - | backup',
      'NO_SUCH_SNAPSHOT',
      4,
      /^No snapshot with the prefix daily on tank\/a; the dataset has these: h1, h2$/,
      /SNAPSHOT_PREFIX/,
    ],
    [
      `prefix: daily | local: ${many} | store: - | backup`,
      'NO_SUCH_SNAPSHOT',
      4,
      /these: h20, .*, h29 and 20 older$/,
      /--snapshot-prefix/,
    ],
    [
      'prefix: daily | local: - | store: - | backup',
      'NO_SUCH_SNAPSHOT',
      4,
      /^tank\/a has no snapshot$/,
      /zfs snapshot 'tank\/a@daily-1'/,
    ],
    [
      'local: @monday,1 @tuesday,2 @sunday,3 | store: - | backup --snapshot mondey',
      'NO_SUCH_SNAPSHOT',
      4,
      /"mondey"/,
      /one of these: monday\./,
    ],
    ['local: - | store: - | backup --snapshot x', 'NO_SUCH_SNAPSHOT', 4, /"x"/, /none/],
    ['store: a(full) | restore b', 'NO_SUCH_BACKUP', 4, /no backup "b" of tank\/a/, /one of these: a\./],
    ['store: - | restore b', 'NO_SUCH_BACKUP', 4, /no backup "b"/, /none of this dataset/],
    [
      'prefix: d | store: d-1(full) d:1(full) | restore 1',
      'NO_SUCH_BACKUP',
      4,
      /several of tank\/a: d-1, d:1/,
      /whole name/,
    ],
    [
      'prefix: d | local: @d-1,1 @d:1,2 | store: - | backup --snapshot 1',
      'NO_SUCH_SNAPSHOT',
      4,
      /several/,
      /whole/,
    ],
    ['store: a(full) | restore tank/b@a', 'NO_SUCH_BACKUP', 4, /tank\/b@a/, /--dataset/],
    [
      'local: @d,4 @e,5 | store: a(full) b<a | backup',
      'NO_COMMON_SNAPSHOT',
      3,
      /newest backup is b, the dataset has d to e \(2 snapshots\)/,
      /--full starts a new chain: run the same command with it/,
    ],
    [
      'local: @a,1 | store: - | backup --incremental',
      'NO_COMMON_SNAPSHOT',
      3,
      /no backup of tank\/a/,
      /--full/,
    ],
    [
      'local: @c,3 @d,4 | store: b<a c<b | backup',
      'BROKEN_CHAIN',
      3,
      /tank\/a@c cannot be restored: parent broken; it breaks at b, whose parent a is not in the store/,
      /--full/,
    ],
    ['store: a<a | restore a', 'BROKEN_CHAIN', 3, /cycle detected, which descends from itself/, /status/],
    ['store: a<? | restore a', 'BROKEN_CHAIN', 3, /does not say what it builds on/, /status/],
    [
      'local: @a,9 | store: a,1(full) | backup',
      'SNAPSHOT_CONFLICT',
      3,
      /Same name, another snapshot: tank\/a@a has the guid 9, backups\/tank\/a@a has 1/,
      /zfs rename/,
    ],
    [
      'local: @a,1 @b,2 | store: a(full) b<a | backup --full',
      'BACKUP_EXISTS',
      1,
      /tank\/a@b exists already.*nothing is overwritten/,
      /new snapshot/,
    ],
    [
      'store: a(full) b<a | target: @a,1 @mine,5 +70 | restore b',
      'WOULD_LOSE_DATA',
      3,
      /go back to a; .* destroy the snapshot tank\/a@mine, 70 bytes written/,
      /--force/,
    ],
    ['store: a(full) | target: empty | restore a', 'WOULD_LOSE_DATA', 3, /all that is in tank\/a/, /--to/],
    [
      'store: a(full) | target: @x,1 | restore a --force',
      'TARGET_CONFLICT',
      3,
      /snapshots, but none that a builds on: x/,
      /--to.*zfs rename 'tank\/a'/,
    ],
  ])('%s', (asked, code, status, message, advice) => {
    const error = errorOf(asked);
    expect(error).toBeInstanceOf(Zfs3BackupError);
    expect(error.code).toBe(code);
    expect(exitStatusOf(error)).toBe(status);
    expect(error.message).toMatch(message);
    expect(error.advice).toMatch(advice);
  });
});

it('keeps the facts beside the words', () => {
  const conflict: Conflict = {
    kind: 'target-conflict',
    target: 'pool/b',
    original: false,
    snapshot: 'a',
    present: ['x'],
  };
  const error = conflictError(conflict);
  expect(error.conflict).toBe(conflict);
  expect(error.advice).toContain('--to with another dataset');
});

it('never lets a typed name reach the terminal raw', () => {
  const error = conflictError({
    kind: 'no-such-backup',
    dataset: 'tank/a',
    asked: '\u001b[2Jx\n',
    stored: [],
  });
  expect(error.message).not.toMatch(/\p{Cc}/u);
});
