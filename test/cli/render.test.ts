import { describe, expect, it } from 'vitest';
import type { BackupPlanReport, BackupResult } from '../../src/backup.ts';
import { renderBackupPlan, renderBackupResult, renderParseable } from '../../src/cli/render-backup.ts';
import { renderError } from '../../src/cli/render-error.ts';
import { backupJson, backupPlanJson, restoreJson, restorePlanJson } from '../../src/cli/render-json.ts';
import { renderLogLine } from '../../src/cli/render-log.ts';
import { renderRestorePlan, renderRestoreResult } from '../../src/cli/render-restore.ts';
import { quoteWord, renderPipeline } from '../../src/cli/render-shell.ts';
import { renderStatus, renderStoreStatus } from '../../src/cli/render-status.ts';
import { escapeName, escapeText, renderSeconds, renderSize } from '../../src/cli/render-text.ts';
import { createStyle, plainStyle } from '../../src/cli/style.ts';
import { ConfigError, ProcessFailedError, Zfs3BackupError } from '../../src/errors.ts';
import type { StatusReport, StatusRow } from '../../src/status.ts';
import type { Summary } from '../../src/summary.ts';
import { checkFields } from './check-fields.ts';
import { readTables } from './docs-tables.ts';

const MIB = 1024 ** 2;
const at = (text: string) => new Date(text).toISOString();

describe('sizes and times', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1023.6 * 1024, '1.0 MiB'],
    [110 * MIB, '110 MiB'],
    [1.2 * 1024 ** 3, '1.2 GiB'],
    [99.97 * MIB, '100 MiB'],
    [2 ** 60 * 3000, '3000 EiB'],
  ])('%d bytes are %s', (bytes, text) => expect(renderSize(bytes)).toBe(text));

  it.each([
    [0.04, '0.0 s'],
    [9.94, '9.9 s'],
    [59.4, '59 s'],
    [59.6, '1 min 0 s'],
    [3599.7, '1 h 0 min'],
    [7620, '2 h 7 min'],
  ])('%d seconds are %s', (seconds, text) => expect(renderSeconds(seconds)).toBe(text));
});

describe('names from a bucket', () => {
  it('cannot act on a terminal', () => {
    expect(escapeName('a\u001b[2Jb\nc\u202ed\u009b')).toBe('a\\x1b[2Jb\\nc\\u202ed\\u009b');
    expect(escapeText('one\r\ntwo\u0007')).toBe('one\ntwo\\x07');
    expect(escapeName('\u061c\u200b\ufeff\u{e0041}')).toBe('\\u061c\\u200b\\ufeff\\U000e0041');
    expect(escapeName('tank/näme:ok %+')).toBe('tank/näme:ok %+');
  });

  it('are escaped in the table and in the summary', () => {
    const text = renderStatus(
      {
        dataset: 'a\u001b[31m',
        store: 'file:///x',
        uncovered: ['a/\u001b[2J'],
        storedAs: [{ dataset: 'b\u001b', snapshot: 's' }],
        snapshots: [
          {
            name: 'x\u001b]0;t\u0007',
            parent: '\u001b',
            type: 'incremental',
            health: 'missing parent',
            local: 'missing',
            ...here,
            streamBytes: null,
            storedBytes: 1,
            record: 'stale',
            createdAt: null,
          },
        ],
        summary: {
          backups: 1,
          storedBytes: 1,
          notBackedUp: [],
          passedOver: [],
          leftOut: 0,
          broken: ['x\u001b]0;t\u0007'],
          staleRecords: ['x\u001b'],
          otherSnapshots: ['y\u001b'],
        },
      },
      plainStyle,
    );
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may be there
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });
});

describe('shell words', () => {
  it.each([
    ['tank/a@b:c%20+', 'tank/a@b:c%20+'],
    ['', "''"],
    ['a b', "'a b'"],
    ["it's", "'it'\\''s'"],
    ['$(rm)', "'$(rm)'"],
    ['~root', "'~root'"],
    ['a\nb', "$'a\\nb'"],
  ])('%j is written %s', (word, text) => expect(quoteWord(word)).toBe(text));

  it('make a pipeline', () => {
    expect(renderPipeline([['zfs', 'send', 'a@b c'], [], ['zstd']])).toBe("zfs send 'a@b c' | zstd");
  });
});

/** Nothing special about the snapshot on this machine. */
const here = { localName: null, held: false, bookmarked: false };

const report: StatusReport = {
  dataset: 'tank/a',
  store: 's3://bucket',
  uncovered: [],
  storedAs: [],
  snapshots: [
    {
      name: 'daily-1',
      parent: null,
      type: 'full',
      health: 'ok',
      local: 'missing',
      ...here,
      streamBytes: 1.2 * 1024 ** 3,
      storedBytes: 410 * MIB,
      record: 'ok',
      createdAt: at('2026-01-01T03:00'),
    },
    {
      name: 'daily-2',
      parent: 'daily-1',
      type: 'incremental',
      health: 'ok',
      local: 'ok',
      ...here,
      streamBytes: 3 * MIB,
      storedBytes: 2 * MIB,
      record: 'none',
      createdAt: at('2026-01-02T03:00'),
    },
    {
      name: 'daily-3',
      parent: null,
      type: 'missing',
      health: null,
      local: 'ok',
      ...here,
      streamBytes: null,
      storedBytes: null,
      record: null,
      createdAt: at('2026-01-03T03:00'),
    },
  ],
  summary: {
    backups: 2,
    storedBytes: 412 * MIB,
    notBackedUp: ['daily-3'],
    passedOver: [],
    leftOut: 0,
    broken: [],
    staleRecords: [],
    otherSnapshots: [],
  },
};

describe('status', () => {
  it('says what is held, renamed, only a bookmark, or another snapshot here', () => {
    const [gone, kept] = report.snapshots;
    if (!gone || !kept) throw new Error('two rows');
    const snapshots: StatusRow[] = [
      { ...gone, bookmarked: true },
      { ...gone, local: 'other snapshot' },
      { ...kept, held: true },
      { ...kept, localName: 'new\u001b' },
    ];
    const summary = { ...report.summary, otherSnapshots: ['daily-1'] };
    const text = renderStatus({ ...report, snapshots, summary }, plainStyle);
    for (const words of ['missing, bookmark', 'other snapshot', 'ok, held', 'ok as new\\x1b']) {
      expect(text).toContain(words);
    }
    expect(text).toContain('Another snapshot has the same name here: 1 (daily-1).');
  });

  it('says which objects are not the ones that were recorded', () => {
    const summary = { ...report.summary, staleRecords: ['daily-2'] };
    expect(renderStatus({ ...report, summary }, plainStyle)).toContain(
      'nothing is broken. Not the object that was recorded: 1 (daily-2); ',
    );
  });

  it('is a table and a line that sums up', () => {
    expect(`\n${renderStatus(report, plainStyle)}`).toBe(`
NAME     PARENT   TYPE         HEALTH  LOCAL STATE     SIZE   STORED  DATE
daily-1  -        full         ok      missing      1.2 GiB  410 MiB  2026-01-01 03:00
daily-2  daily-1  incremental  ok      ok           3.0 MiB  2.0 MiB  2026-01-02 03:00
daily-3  -        missing      -       ok                 -        -  2026-01-03 03:00

tank/a in s3://bucket: 2 backups, 412 MiB; not backed up yet: 1 (daily-3); nothing is broken.
`);
  });

  it('stands in the same columns with colours', () => {
    const painted = renderStatus(report, createStyle(true));
    expect(painted).toContain('\u001b[32mok\u001b[39m');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours are taken out
    expect(painted.replace(/\u001b\[\d+m/g, '')).toBe(renderStatus(report, plainStyle));
  });

  it('names a few of many', () => {
    const summary = { ...report.summary, notBackedUp: ['a', 'b', 'c', 'd', 'e'], broken: ['x'] };
    const text = renderStatus({ ...report, snapshots: [], summary }, plainStyle);
    expect(text).toBe(
      'tank/a in s3://bucket: 2 backups, 412 MiB; not backed up yet: 5 (a, b, c and 2 more); broken: 1 (x).\n',
    );
  });

  it('does not call a dataset backed up whose snapshots have another prefix', () => {
    const summary = { ...report.summary, notBackedUp: [], leftOut: 2 };
    expect(renderStatus({ ...report, snapshots: [], summary }, plainStyle)).toContain(
      '; nothing is left to back up (2 snapshots without the prefix left out); ',
    );
  });

  it('does not say "not yet" of snapshots that will never be stored', () => {
    const summary = { ...report.summary, notBackedUp: ['a', 'b', 'c'], passedOver: ['a', 'b'] };
    expect(renderStatus({ ...report, snapshots: [], summary }, plainStyle)).toContain(
      '; not backed up yet: 1 (c) (2 older than the newest backup left out); ',
    );
  });

  it('of a store has a line for each dataset', () => {
    const row = { newest: 's9', newestAt: at('2026-01-02T03:00'), local: 'ok' as const, storedBytes: MIB };
    const datasets = [
      { dataset: 'tank/a', backups: 12, broken: 0, staleRecords: 0, ...row },
      { dataset: 'tank/long-name', backups: 1, broken: 1, staleRecords: 1, ...row },
    ];
    expect(`\n${renderStoreStatus({ store: 's3://bucket', datasets }, plainStyle)}`).toBe(`
DATASET         BACKUPS   STORED  NEWEST  DATE              LOCAL STATE  BROKEN
tank/a               12  1.0 MiB  s9      2026-01-02 03:00  ok                0
tank/long-name        1  1.0 MiB  s9      2026-01-02 03:00  ok                1

s3://bucket: 2 datasets, 13 backups, 2.0 MiB; 1 backup broken. Datasets with an object that is not the recorded one: 1 (tank/long-name).
`);
  });
});

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

const summary: Summary = {
  streamBytes: 1024 ** 3,
  storedBytes: 400 * MIB,
  skippedParts: 0,
  skippedBytes: 0,
  seconds: 8,
  requests: 83,
  retries: 1,
};

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
    expect(renderBackupResult(result)).toBe(
      'stored tank/a@s1: full, 1.0 GiB stored as 400 MiB, 8.0 s at 128 MiB/s, 1 retry\n',
    );
    expect(renderBackupResult({ ...result, backups: [] })).toMatch(/^Nothing to do/);
  });

  it('writes lines as z3 did for programs', () => {
    const sizes = [
      ['a@1', 10],
      ['a@2', undefined],
    ] as const;
    expect(renderParseable(sizes)).toBe('a@1\u000010\na@2\u0000-\n');
  });

  it('keeps its promise of --json', () => {
    const tables = readTables('json.md');
    const under = (title: string) => tables.find((table) => table.title.includes(title));
    const done = JSON.parse(JSON.stringify(backupJson(result)));
    checkFields(done, under('zfs3backup backup --json'));
    checkFields(done.backups[0], under('Each of `backups`'));
    const planned = JSON.parse(JSON.stringify(backupPlanJson(plan)));
    checkFields(planned, under('--dry-run --json'));
    for (const step of planned.steps) checkFields(step, under('Each of `steps`'));
  });
});

describe('restore', () => {
  const base = { dataset: 'tank/a', store: 's3://bucket', target: 'tank/b', notes: [] };

  it('shows its steps and what would be lost', () => {
    const backup = { dataset: 'tank/a', snapshot: 's1', kind: 'full', parent: undefined, storedBytes: MIB };
    const pipeline = [
      ['zfs3backup_get', 'k'],
      ['zfs', 'receive', 'tank/b'],
    ];
    const receive = { target: 'tank/b', snapshot: 's1', force: false, mount: false };
    const steps = [
      { backup: { ...backup, key: 'k' }, receive, before: [['zfs', 'create', 'tank']], pipeline },
    ];
    const bytes = { storedBytes: MIB, streamBytes: 2 * MIB };
    const planned = { ...base, snapshot: 's1', losses: ['the snapshot tank/b@x'], steps, ...bytes } as never;
    expect(`\n${renderRestorePlan(planned, plainStyle)}`).toBe(`
would be lost: the snapshot tank/b@x
Would receive 1 backup (1.0 MiB stored, 2.0 MiB of stream) from s3://bucket into tank/b.

1. full tank/a@s1: 1.0 MiB stored
   zfs create tank
   zfs3backup_get k | zfs receive tank/b
`);
    const json = JSON.parse(JSON.stringify(restorePlanJson(planned)));
    checkFields(
      json,
      readTables('json.md').find(({ title }) => title.includes('restore --dry-run --json')),
    );
    checkFields(
      json.steps[0],
      readTables('json.md').find(({ title }) => title.includes('`steps` of a restore')),
    );
  });

  it('says what arrived, or that nothing had to', () => {
    const received = [{ name: 'tank/b@s1', storedBytes: 1, streamBytes: 2 * MIB, seconds: 2, retries: 0 }];
    const restored = { ...base, received, summary };
    expect(renderRestoreResult(restored)).toBe(
      'received tank/b@s1: 2.0 MiB, 2.0 s at 1.0 MiB/s\ntank/b is restored.\n',
    );
    expect(renderRestoreResult({ ...base, received: [], summary })).toMatch(/^Nothing to do/);
    const json = JSON.parse(JSON.stringify(restoreJson(restored)));
    checkFields(
      json,
      readTables('json.md').find(({ title }) => title.includes('zfs3backup restore --json')),
    );
    checkFields(
      json.received[0],
      readTables('json.md').find(({ title }) => title.includes('Each of `received`')),
    );
  });
});

describe('errors', () => {
  const look = { program: 'zfs3backup', style: plainStyle, debug: false };

  it('say what failed, the last words of the program, and what to do', () => {
    const error = new ProcessFailedError(
      { command: ['zfs', 'send', 'a@b'], exitCode: 1, stderr: 'cannot open\u001b[2J\nsorry\n' },
      { advice: 'Look at `zfs list`.' },
    );
    expect(renderError(error, look)).toBe(
      [
        'zfs3backup: `zfs send a@b` exited with status 1:',
        '    cannot open\\x1b[2J',
        '    sorry',
        '  what to do: Look at `zfs list`.',
        '',
      ].join('\n'),
    );
  });

  it('tell every problem of a configuration', () => {
    const problems = [
      { where: 'f:3', message: 'unknown' },
      { where: '--x', message: 'bad' },
    ];
    expect(renderError(new ConfigError(problems), look)).toBe(
      'zfs3backup: f:3: unknown\nzfs3backup: --x: bad\n',
    );
  });

  it('show causes for debugging only', () => {
    const error = new Zfs3BackupError('STORE_FAILED', 'no', {
      cause: new Error('deep', { cause: 'deeper' }),
    });
    expect(renderError(error, look)).toBe('zfs3backup: no\n');
    const text = renderError(error, { ...look, debug: true });
    expect(text).toMatch(/caused by: Error: deep\n/);
    expect(text).toMatch(/caused by: deeper\n$/);
  });

  it('that are bugs come with their stack, what the system refused does not', () => {
    expect(renderError(new TypeError('oops'), look)).toMatch(/this is a bug.*\n.*TypeError: oops\n.*at /);
    const full = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC', syscall: 'write' });
    expect(renderError(full, look)).toBe('zfs3backup: ENOSPC: no space left\n');
  });
});

describe('a log line', () => {
  it('is time, level, message and facts', () => {
    const line = JSON.stringify({ level: 40, time: 0, msg: 'slow\u001b', key: 'a b', parts: 3 });
    expect(renderLogLine(`${line}\n`, plainStyle)).toMatch(
      /^\d\d:\d\d:\d\d warn {2}slow\\x1b key="a b" parts=3\n$/,
    );
  });

  it('that is no JSON stays as it is', () => {
    expect(renderLogLine('plain\n', plainStyle)).toBe('plain\n');
  });
});
