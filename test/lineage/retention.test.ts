import { describe, expect, it } from 'vitest';
import { Zfs3BackupError } from '../../src/errors.ts';
import type { DeletionPlan } from '../../src/lineage/deletions.ts';
import { buildLineage } from '../../src/lineage/lineage.ts';
import { planRetention } from '../../src/lineage/plan-retention.ts';
import { parseRetention, secondsOf, wordsOfRule } from '../../src/lineage/retention.ts';
import { DATASET, parseBackup, parseSituation } from './situation.ts';

const HOUR = 3_600_000;

/**
 * `store: … | local: … | keep RULES at HOUR [holding NAME] → NAME: why; why, NAME: why / gone, gone`, in the language
 * of `language.ts`; what goes stands in the order in which it goes.
 */
function cases(title: string, lines: readonly string[]): void {
  describe(title, () => {
    it.each(lines)('%s', (line) => {
      const [asked = '', expected = ''] = line.split('→');
      expect(write(ask(asked))).toBe(expected.trim());
    });
  });
}

function ask(asked: string): DeletionPlan {
  const { lineage, local, question } = parseSituation(asked);
  const [, rules = '', , hour = '', , held] = question;
  return planRetention({
    lineage,
    rules: parseRetention(rules),
    now: new Date(Number(hour) * HOUR),
    local: local ?? [],
    held: new Map(held === undefined ? [] : [[held, 'held']]),
  });
}

function write({ items, deletions }: DeletionPlan): string {
  const kept = items
    .filter(({ action }) => action === 'keep')
    .map(({ entry, reasons }) => `${entry.backup.snapshot}: ${reasons.join('; ')}`);
  return `${kept.join(', ') || 'nothing'} / ${deletions.map(({ snapshot }) => snapshot).join(', ') || 'nothing'}`;
}

cases('what is newest', [
  'store: a(full)~0 b(full)~1 c(full)~2 | keep 2 at 9 → b: newest 2, c: newest 2 / a',
  'store: a(full)~0 b<a~1 c<b~2 | keep 1 at 9 → a: ancestor of c, b: ancestor of c, c: newest 1 / nothing',
  'store: a(full)~0 b(full)~1 c<a~2 | keep 1 at 9 → a: ancestor of c, c: newest 1 / b',
  'store: a(full)~0 b<a~1 c<b~2 d(full)~3 | keep 1 at 9 → d: newest 1 / c, b, a',
  'store: a(full)~0 | keep 5 at 9 → a: newest 5 / nothing',
  'store: - | keep 5 at 9 → nothing / nothing',
]);

cases('one for each period', [
  'store: a(full)~0 b(full)~5 c(full)~24 d(full)~30 | keep 1d1w at 31 → a: 1 per day for 1 week: 1970-01-01, c: 1 per day for 1 week: 1970-01-02, d: newest that can be restored / b',
  'store: a(full)~0 b(full)~24 c(full)~192 | keep 1d1w at 192 → b: 1 per day for 1 week: 1970-01-02, c: newest that can be restored; 1 per day for 1 week: 1970-01-09 / a',
  'store: a(full)~0 b(full)~1 c(full)~2 | keep 2h1d at 3 → a: 1 per 2 hours for 1 day: 1970-01-01 00:00 UTC, c: newest that can be restored; 1 per 2 hours for 1 day: 1970-01-01 02:00 UTC / b',
  'store: a(full)~0 b(full)~100 | keep 1s1s at 200 → b: newest that can be restored / a',
  'store: a(full)~0 b(full)~1 | keep 1s1d at 2 → a: 1 per second for 1 day: 1970-01-01 00:00:00 UTC, b: newest that can be restored; 1 per second for 1 day: 1970-01-01 01:00:00 UTC / nothing',
  'store: a(full)~24 b(full)~47 c(full)~60 | keep 1d1d,1d1w at 61 → a: 1 per day for 1 week: 1970-01-02, c: newest that can be restored; 1 per day for 1 day: 1970-01-03 / b',
]);

cases('what others need', [
  'store: a(full)~0 b<a~1 c(full)~2 | local: @b,1 | keep 1 at 9 → a: ancestor of b, b: the next incremental builds on it, c: newest 1 / nothing',
  'store: a,1(full)~0 b(full)~1 | local: @renamed,5#1 | keep 1 at 9 → a: the next incremental builds on it, b: newest 1 / nothing',
  'store: a,7(full)~0 b(full)~1 | local: @a,5#8 | keep 1 at 9 → b: newest 1 / a',
  'store: a(full)~0 b<a~1 c(full)~2 | keep 1 at 9 holding b → a: ancestor of b, b: held, c: newest 1 / nothing',
]);

cases('what is broken takes no place and stays', [
  'store: a(full)~0 b<gone~1 c<b~2 | keep 1 at 9 → a: newest 1, b: missing parent: only deleted by name, c: parent broken: only deleted by name / nothing',
  'store: a<b~0 b<a~1 c(full)~2 d(full)~3 | keep 1 at 9 → a: cycle detected: only deleted by name, b: cycle detected: only deleted by name, d: newest 1 / c',
  'store: a<gone~0 | keep 1s1s at 9 → a: missing parent: only deleted by name / nothing',
]);

cases('what is not as recorded takes no place and stays', [
  'store: a(full)~0 b(full){stale=yes}~1 | keep 1 at 9 → a: newest 1, b: not the object that was recorded: only deleted by name / nothing',
  'store: a(full)~0 b(full)~1 c(full){stale=yes}~2 d<c~3 | local: @d,1 | keep 1 at 9 → b: newest 1, c: not the object that was recorded: only deleted by name, d: builds on what is not as recorded: only deleted by name / a',
]);

describe('the language of rules', () => {
  it.each([
    ['10', 10, []],
    ['10,1d1w,1w1m,1m1y', 10, ['1 per day for 1 week', '1 per week for 1 month', '1 per month for 1 year']],
    ['2h3d', 0, ['1 per 2 hours for 3 days']],
    [' 5 , 1D1W ', 5, ['1 per day for 1 week']],
    ['15min2h,1s1min', 0, ['1 per 15 minutes for 2 hours', '1 per second for 1 minute']],
  ])('reads %j', (text, newest, periods) => {
    const rules = parseRetention(text);
    expect([rules.newest, rules.periods.map(wordsOfRule)]).toEqual([newest, periods]);
  });

  it('takes nothing for the newest that tells no time', () => {
    const undated = { ...parseBackup('b(full)~0'), snapshotCreatedAt: new Date(Number.NaN) };
    const backups = [parseBackup('a(full)~0'), undated];
    const { deletions } = planRetention({
      lineage: buildLineage(DATASET, backups),
      rules: parseRetention('1'),
      now: new Date(HOUR),
      local: [],
      held: new Map(),
    });
    expect(deletions).toEqual([]);
  });

  it('counts as zfs-autobackup does', () => {
    const seconds = parseRetention('1s1min,1min1h,1h1d,1d1w,1w1m,1m1y').periods.map(({ during }) =>
      secondsOf(during),
    );
    expect(seconds).toEqual([60, 3600, 86_400, 604_800, 2_592_000, 31_557_600]);
  });

  it.each([
    ['', 'character 1: a rule is missing'],
    ['10,', 'character 4: a rule is missing'],
    ['0', 'character 1: it keeps nothing'],
    ['10,5', 'character 4: there is a number of the newest already'],
    ['-5', 'character 1: a number is missing'],
    ['10,1d', 'character 6: a number is missing'],
    ['1d1', 'character 4: a unit is missing'],
    ['10, 1x1w', 'character 6: `x` is no unit'],
    ['1d1wk', 'character 4: `wk` is no unit'],
    ['1d1w5', 'character 5: `5` is too much'],
    ['0d1w', 'character 1: a period of 0 is none'],
    ['1w1d', 'character 3: 1 day is shorter than 1 week'],
    ['99999999999', 'character 1: 99999999999 is too much'],
    ['1toString1w', 'character 2: `tostring` is no unit'],
  ])('refuses %j: %s', (text, expected) => {
    const error = (() => {
      try {
        parseRetention(text);
      } catch (reason) {
        return reason;
      }
    })();
    expect(error).toBeInstanceOf(Zfs3BackupError);
    expect(error).toMatchObject({ code: 'USAGE', message: `\`${text}\`, ${expected}` });
  });
});
