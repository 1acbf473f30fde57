import { describe, expect, it } from 'vitest';
import { judgeBackups, judgeUploads } from '../../src/checks/judge-backups.ts';
import { judgeFilter } from '../../src/checks/judge-filter.ts';
import { judgeMachine } from '../../src/checks/judge-machine.ts';
import { type DatasetFacts, judgeSource } from '../../src/checks/judge-source.ts';
import { buildLineage } from '../../src/lineage/lineage.ts';
import { decodeBackup } from '../../src/lineage/metadata.ts';
import { complaints, say } from './say.ts';

const NOW = new Date('2026-11-21T12:00:00Z');
const ago = (days: number) => new Date(NOW.getTime() - days * 24 * 3600 * 1000);

describe('the source', () => {
  const ZFS = { program: 'OpenZFS 2.3.9', lacks: [], user: 'backup', isRoot: false };
  const data: DatasetFacts = {
    dataset: 'tank/a',
    snapshots: 5,
    matching: 2,
    snapshotPrefix: 'daily',
    uncovered: [],
  };
  const may = (...permissions: string[]) => ({ ...ZFS, allowed: new Map([['tank/a', permissions]]) });

  it.each<[string, Parameters<typeof judgeSource>[0], DatasetFacts, readonly string[]]>([
    ['all is allowed', may('bookmark', 'hold', 'release', 'send'), data, []],
    ['root', { ...ZFS, isRoot: true, allowed: new Map() }, data, []],
    [
      'nothing is allowed',
      may(),
      data,
      [
        'problem zfs: backup may not send tank/a > As root: zfs allow -u backup send,bookmark,hold,release tank/a',
      ],
    ],
    [
      'only sending',
      may('send'),
      data,
      [
        'warning zfs: backup may not bookmark, hold, release at tank/a: what the next backup builds on is not kept > As root: zfs allow -u backup bookmark,hold,release tank/a',
      ],
    ],
    [
      'nobody knows',
      { ...ZFS, allowed: new Map([['tank/a', undefined]]) },
      data,
      ['note zfs: what backup may do with tank/a cannot be read'],
    ],
    [
      'children left out',
      { ...ZFS, isRoot: true, allowed: new Map() },
      { ...data, uncovered: ['tank/a/x'] },
      [
        'warning zfs: below tank/a, not in its backups and without a section: tank/a/x > Write a section [fs:DATASET] for each that shall be backed up.',
      ],
    ],
    [
      'an old one',
      { ...ZFS, isRoot: true, allowed: new Map(), lacks: ['no bookmarks'] },
      data,
      ['note zfs: no bookmarks'],
    ],
    [
      'none',
      { code: 'PROGRAM_MISSING', message: 'no zfs', advice: 'Install it.' },
      data,
      ['problem zfs: no zfs > Install it.'],
    ],
    [
      'no such dataset',
      may('send'),
      { ...data, fault: { code: 'NO_SUCH_DATASET', message: 'none' } },
      ['problem zfs: none'],
    ],
    [
      'no snapshot',
      { ...ZFS, isRoot: true, allowed: new Map() },
      { ...data, matching: 0 },
      [
        'problem zfs: tank/a has no snapshot whose name begins with daily (5 in all) > Take one, or set SNAPSHOT_PREFIX to what yours begin with.',
      ],
    ],
  ])('%s', (_, facts, dataset, expected) => {
    expect(complaints(judgeSource(facts, [dataset]))).toEqual(expected);
  });
});

describe('memory', () => {
  const MIB = 1024 ** 2;
  it.each([
    [1000, 'ok machine: 1000 MiB of memory are free, a backup takes up to 396 MiB'],
    [
      300,
      'warning machine: 300 MiB of memory are free, a backup takes up to 396 MiB > Lower MAX_MEMORY, or end something else.',
    ],
  ])('%i MiB', (free, expected) => {
    expect(say(judgeMachine({ availableBytes: free * MIB, budgetBytes: 256 * MIB }))).toEqual([expected]);
  });
});

it.each([
  [{ name: 'zstd', cameBack: true }, 'ok filters: zstd encodes, and decodes to the same'],
  [{ name: 'zstd, then age' }, 'ok filters: zstd, then age encrypts; the key that decrypts is not here'],
  [
    { name: 'mine', cameBack: false },
    'problem filters: mine does not give back what it was given > Correct its compress= and decompress= (or encode= and decode=) lines.',
  ],
])('a filter %o', (facts, expected) => {
  expect(say([judgeFilter(facts)])).toEqual([expected]);
});

describe('backups', () => {
  const lineageOf = (...objects: readonly [string, number, Record<string, string>][]) =>
    buildLineage(
      'tank/a',
      objects.flatMap(([snapshot, days, metadata]) => {
        const facts = { bytes: 1, etag: undefined, storageClass: undefined, modifiedAt: ago(days), metadata };
        return decodeBackup('', { key: `tank/a@${snapshot}`, ...facts }) ?? [];
      }),
    );

  it.each([
    ['none', lineageOf(), ['note backups: tank/a has none yet > `zfs3backup backup` makes the first.']],
    [
      'of today',
      lineageOf(['s1', 9, { isfull: 'true' }], ['s2', 0.01, { parent: 'tank/a@s1' }]),
      ['ok backups: the newest of tank/a is s2, stored 14 min ago'],
    ],
    [
      'old',
      lineageOf(['s1', 9, { isfull: 'true' }]),
      ['warning backups: the newest of tank/a is s1, stored 9 days ago > Look whether the job still runs.'],
    ],
    [
      'broken',
      lineageOf(['s2', 1, { parent: 'tank/a@s1' }]),
      [
        'ok backups: the newest of tank/a is s2, stored 24 h ago',
        'warning backups: 1 of tank/a cannot be restored > `zfs3backup status` shows which.',
      ],
    ],
  ])('%s', (_, lineage, expected) => {
    expect(say(judgeBackups(lineage, NOW))).toEqual(expected);
  });

  it.each([
    ['none', [], []],
    ['young', [1, 6], ['note backups: 2 uploads are open, none for more than a week']],
    [
      'old',
      [1, 8, 9],
      [
        'warning backups: 2 of 3 open uploads are older than a week, and may cost money > `zfs3backup cleanup` drops them.',
      ],
    ],
  ])('open uploads: %s', (_, days, expected) => {
    expect(say(judgeUploads(days.map(ago), NOW))).toEqual(expected);
  });
});
