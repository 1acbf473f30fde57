import { describe, expect, it } from 'vitest';
import type { BackupPlanReport, BackupResult } from '../../src/backup.ts';
import {
  renderBackupPlan,
  renderNothingToDo,
  renderParseable,
  renderStored,
} from '../../src/cli/render-backup.ts';
import { backupJson, backupPlanJson } from '../../src/cli/render-json.ts';
import { plainStyle } from '../../src/cli/style.ts';
import { checkFields } from './check-fields.ts';
import { jsonTable } from './docs-tables.ts';
import { summary } from './run-summary.ts';

const MIB = 1024 ** 2;

const snapshot = (name: string) => ({
  name,
  guid: '1',
  createtxg: '1',
  createdAt: new Date(0),
  referencedBytes: 0,
});

const plan = {
  dataset: 'tank/a',
  store: 's3://bucket',
  notes: ['The store has no backup of tank/a yet.'],
  marks: [],
  before: [],
  steps: [
    {
      step: { dataset: 'tank/a', kind: 'full', snapshot: snapshot('s 1'), parent: undefined },
      key: 'p/tank/a@s 1',
      metadata: {},
      estimate: 1024 ** 3,
      partBytes: 5 * MIB,
      pipeline: [
        ['zfs', 'send', 'tank/a@s 1'],
        ['zstd', '-3'],
        ['pput', 'p/tank/a@s 1'],
      ],
      after: [],
    },
    {
      step: { dataset: 'tank/a', kind: 'incremental', snapshot: snapshot('s2'), parent: snapshot('s 1') },
      key: 'p/tank/a@s2',
      metadata: {},
      estimate: undefined,
      partBytes: 16 * MIB,
      pipeline: [
        ['zfs', 'send', '-i', '@s 1', 'tank/a@s2'],
        ['pput', 'p/tank/a@s2'],
      ],
      after: [
        ['zfs', 'hold', 'zfs3backup:1', 'tank/a@s2'],
        ['zfs', 'release', 'zfs3backup:1', 'tank/a@s 1'],
      ],
    },
  ],
} as unknown as BackupPlanReport;

const result: BackupResult = {
  dataset: 'tank/a',
  store: 's3://bucket',
  notes: [],
  backups: [
    {
      name: 'tank/a@s1',
      key: 'p/tank/a@s1',
      kind: 'full',
      parent: null,
      streamBytes: 1024 ** 3,
      storedBytes: 400 * MIB,
      parts: 80,
      skippedParts: 0,
      skippedBytes: 0,
      partBytes: 5 * MIB,
      etag: undefined,
      seconds: 8,
      retries: 1,
    },
  ],
  summary,
};

describe('backup', () => {
  it('shows its steps and what a person would type for them', () => {
    expect(`\n${renderBackupPlan(plan, plainStyle)}`).toBe(`
The store has no backup of tank/a yet.
Would store 2 backups of tank/a in s3://bucket.

1. full tank/a@s 1: about 1.0 GiB, parts of 5.0 MiB
   zfs send 'tank/a@s 1' | zstd -3 | pput 'p/tank/a@s 1'
2. incremental tank/a@s2 on top of @s 1: no estimate, parts of 16.0 MiB
   zfs send -i '@s 1' tank/a@s2 | pput p/tank/a@s2
   zfs hold zfs3backup:1 tank/a@s2
   zfs release zfs3backup:1 'tank/a@s 1'
`);
  });

  it('shows what it would make good, also where there is nothing to store', () => {
    const before = [['zfs', 'bookmark', 'tank/a@s', 'tank/a#x:s']];
    const text = `Would first make good what an earlier run did not:
   zfs bookmark tank/a@s 'tank/a#x:s'
`;
    expect(renderBackupPlan({ ...plan, before }, plainStyle)).toContain(text);
    const nothing = renderBackupPlan({ ...plan, notes: ['Nothing new.'], before, steps: [] }, plainStyle);
    expect(nothing).toBe(`${text}Nothing new.\n`);
  });

  it('tells a bookmark that it goes on from', () => {
    const [, second] = plan.steps;
    const parent = { ...snapshot('x:s'), isBookmark: true as const };
    const steps = second ? [{ ...second, step: { ...second.step, parent } }] : [];
    expect(renderBackupPlan({ ...plan, steps }, plainStyle)).toContain('tank/a@s2 on top of #x:s:');
  });

  it('sums up the estimates when it has all of them', () => {
    const text = renderBackupPlan({ ...plan, steps: plan.steps.slice(0, 1) }, plainStyle);
    expect(text).toContain(
      'Would store 1 backup of tank/a in s3://bucket, about 1.0 GiB before compression.\n',
    );
  });

  it('says what was stored', () => {
    expect(result.backups.map(renderStored)).toEqual([
      'stored tank/a@s1: full, 1.0 GiB stored as 400 MiB, 8.0 s at 128 MiB/s, 1 retry',
    ]);
    expect(renderNothingToDo(result)).toMatch(/^Nothing to do/);
  });

  it('writes lines as z3 did for programs', () => {
    const sizes = [
      ['a@1', 10],
      ['a@2', undefined],
    ] as const;
    expect(renderParseable(sizes)).toBe('a@1\u000010\na@2\u0000-\n');
  });

  it('keeps its promise of --json', () => {
    const done = JSON.parse(JSON.stringify(backupJson(result)));
    checkFields(done, jsonTable('zfs3backup backup --json'));
    checkFields(done.backups[0], jsonTable('Each of `backups`'));
    const seconds = 0.000_092_998_999_999_963_42;
    const { backups, summary } = JSON.parse(
      JSON.stringify(
        backupJson({
          ...result,
          backups: result.backups.map((stored) => ({ ...stored, seconds })),
          summary: { ...result.summary, seconds: 1.23456 },
        }),
      ),
    );
    expect([backups[0].seconds, summary.seconds]).toEqual([0, 1.235]);
    const planned = JSON.parse(JSON.stringify(backupPlanJson(plan)));
    checkFields(planned, jsonTable('--dry-run --json'));
    for (const step of planned.steps) checkFields(step, jsonTable('Each of `steps`'));
  });
});
