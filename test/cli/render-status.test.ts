import { describe, expect, it } from 'vitest';
import { renderStatus, renderStoreStatus } from '../../src/cli/render-status.ts';
import { createStyle, plainStyle } from '../../src/cli/style.ts';
import type { StatusReport, StatusRow } from '../../src/status.ts';

const MIB = 1024 ** 2;
const at = (text: string) => new Date(text).toISOString();

/** Nothing special about the snapshot on this machine. */
const here = { localName: null, held: false, bookmarked: false };

const report: StatusReport = {
  dataset: 'tank/a',
  store: 's3://bucket',
  prefix: 'z3-backup/',
  snapshotPrefix: 'daily',
  localSide: 'read',
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
    matching: 3,
    notBackedUp: ['daily-3'],
    passedOver: [],
    leftOut: 0,
    broken: [],
    staleRecords: [],
    otherSnapshots: [],
  },
};

describe('names from a bucket', () => {
  it('are escaped in the table and in the summary', () => {
    const text = renderStatus(
      {
        dataset: 'a\u001b[31m',
        store: 'file:///x',
        prefix: 'p\u001b/',
        snapshotPrefix: 's\u001b',
        localSide: 'read',
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
          matching: 1,
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
NAME    | PARENT  | TYPE        | HEALTH | LOCAL STATE |    SIZE |  STORED | DATE
daily-1 | -       | full        | ok     | missing     | 1.2 GiB | 410 MiB | 2026-01-01 03:00
daily-2 | daily-1 | incremental | ok     | ok          | 3.0 MiB | 2.0 MiB | 2026-01-02 03:00
daily-3 | -       | missing     | -      | ok          |       - |       - | 2026-01-03 03:00

tank/a in s3://bucket/z3-backup/: 2 backups, 412 MiB; not backed up yet: 1 (daily-3); nothing is broken.
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
      'tank/a in s3://bucket/z3-backup/: 2 backups, 412 MiB; not backed up yet: 5 (a, b, c and 2 more); broken: 1 (x).\n',
    );
  });

  it('does not call a dataset backed up whose snapshots have another prefix', () => {
    const summary = { ...report.summary, notBackedUp: [], leftOut: 2 };
    expect(renderStatus({ ...report, snapshots: [], summary }, plainStyle)).toContain(
      '; nothing is left to back up (2 snapshots without the prefix left out); ',
    );
    const none = { ...summary, matching: 0 };
    expect(renderStatus({ ...report, snapshots: [], summary: none }, plainStyle)).toContain(
      '; no snapshot of tank/a has the prefix daily (2 snapshots without the prefix left out); ',
    );
    const empty = { ...report, snapshotPrefix: '', summary: { ...none, leftOut: 0 } };
    expect(renderStatus(empty, plainStyle)).toContain('; tank/a has no snapshot here; ');
  });

  it.each([
    ['no source', 'no ZFS works here'],
    ['no dataset', 'this machine does not have tank/a'],
    ['unreadable', 'tank/a could not be read here'],
    ['not looked at', 'nobody looked at this machine'],
  ] as const)('does not claim that nothing is left where that is not known: %s', (localSide, why) => {
    const unknown = { matching: null, notBackedUp: null, passedOver: null, leftOut: null };
    const summary = { ...report.summary, ...unknown };
    const snapshots = report.snapshots.slice(0, 1).map((row) => ({ ...row, local: null }));
    const text = renderStatus({ ...report, localSide, snapshots, summary }, plainStyle);
    expect(text).toContain(`412 MiB; what is left to back up is not known: ${why}; nothing is broken.`);
    expect(text).toMatch(/^daily-1 \| - +\| full +\| ok +\| - /m);
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
    expect(`\n${renderStoreStatus({ store: 's3://bucket', prefix: 'p/', datasets }, plainStyle)}`).toBe(`
DATASET        | BACKUPS |  STORED | NEWEST | DATE             | LOCAL STATE | BROKEN
tank/a         |      12 | 1.0 MiB | s9     | 2026-01-02 03:00 | ok          |      0
tank/long-name |       1 | 1.0 MiB | s9     | 2026-01-02 03:00 | ok          |      1

s3://bucket/p/: 2 datasets, 13 backups, 2.0 MiB; 1 backup broken. Datasets with an object that is not the recorded one: 1 (tank/long-name).
`);
  });
});
