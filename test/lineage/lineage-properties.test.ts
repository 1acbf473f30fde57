import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Backup, Health } from '../../src/lineage/backup.ts';
import { buildLineage, chainTo } from '../../src/lineage/lineage.ts';
import { assembleStatus } from '../../src/lineage/status.ts';
import { take } from './dataset-life.ts';
import { DATASET, PREFIX } from './situation.ts';

/** Any links at all: cycles, gaps, several roots. */
const links = fc.array(
  fc.record({
    kind: fc.constantFrom('full' as const, 'incremental' as const, 'incremental' as const),
    parent: fc.option(fc.nat({ max: 14 }), { nil: undefined }),
    storedAt: fc.nat({ max: 10 }),
  }),
  { maxLength: 12 },
);

function linked(list: typeof links extends fc.Arbitrary<infer T> ? T : never): Backup[] {
  return list.map(({ kind, parent, storedAt }, n) => ({
    key: `${PREFIX}${DATASET}@s${n}`,
    dataset: DATASET,
    snapshot: `s${n}`,
    kind,
    parent: kind === 'full' || parent === undefined ? undefined : `s${parent}`,
    compressor: undefined,
    encryptor: undefined,
    estimate: undefined,
    storedBytes: 1,
    etag: undefined,
    storedAt: new Date(storedAt),
    storageClass: undefined,
    guid: undefined,
    parentGuid: undefined,
    recordKey: undefined,
    staleRecordKey: undefined,
    streamBytes: undefined,
    sendFlags: undefined,
    snapshotCreatedAt: undefined,
  }));
}

/** The definition, step by step; slow and plain. */
function healthByDefinition(backups: readonly Backup[], start: Backup): Health {
  const parentOf = (b: Backup) =>
    b.kind === 'full' ? undefined : backups.find((p) => p.snapshot === b.parent);
  if (start.kind === 'full') return 'ok';
  if (!parentOf(start)) return 'missing parent';
  const seen: Backup[] = [];
  for (let next = parentOf(start); next && !seen.includes(next); next = parentOf(next)) seen.push(next);
  if (seen.includes(start)) return 'cycle detected';
  return seen.at(-1)?.kind === 'full' ? 'ok' : 'parent broken';
}

describe('a lineage of any links', () => {
  it('has the health that the definition gives, in whatever order it was listed', () => {
    const shuffled = links.chain((list) =>
      fc.tuple(fc.constant(linked(list)), fc.shuffledSubarray(linked(list), { minLength: list.length })),
    );
    fc.assert(
      fc.property(shuffled, ([backups, other]) => {
        const lineage = buildLineage(DATASET, backups);
        expect(buildLineage(DATASET, other)).toEqual(lineage);
        expect(lineage.entries).toHaveLength(backups.length);
        for (const { backup, health } of lineage.entries) {
          expect([backup.snapshot, health]).toEqual([backup.snapshot, healthByDefinition(backups, backup)]);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('lists parents before children, and chains begin with a full', () => {
    fc.assert(
      fc.property(links, (list) => {
        const lineage = buildLineage(DATASET, linked(list));
        const position = new Map(lineage.entries.map(({ backup }, at) => [backup.snapshot, at]));
        for (const { backup, health } of lineage.entries) {
          const parentAt = backup.parent === undefined ? undefined : position.get(backup.parent);
          if (parentAt !== undefined && health !== 'cycle detected') {
            expect(parentAt).toBeLessThan(position.get(backup.snapshot) ?? -1);
          }
          const chain = chainTo(lineage, backup.snapshot);
          expect(chain.kind).toBe(health === 'ok' ? 'chain' : 'broken-chain');
          if (chain.kind !== 'chain') continue;
          expect(chain.backups[0]?.kind).toBe('full');
          expect(chain.backups.at(-1)).toBe(backup);
          chain.backups.slice(1).forEach((child, at) => {
            expect(child.parent).toBe(chain.backups[at]?.snapshot);
          });
        }
      }),
      { numRuns: 500 },
    );
  });

  it('shows each backup once in status, beside each local snapshot', () => {
    const local = fc.array(fc.record({ n: fc.nat({ max: 14 }), txg: fc.nat({ max: 20 }) }), { maxLength: 8 });
    fc.assert(
      fc.property(links, local, (list, snapshots) => {
        const lineage = buildLineage(DATASET, linked(list));
        const names = [...new Map(snapshots.map((s) => [s.n, s])).values()];
        const here = names.map(({ n, txg }) => ({ ...take({ hour: txg, local: [], store: [] }, `s${n}`) }));
        const { snapshots: rows, summary } = assembleStatus({
          lineage,
          side: 'read',
          snapshots: here,
          snapshotPrefix: '',
        });
        const all = new Set([
          ...lineage.entries.map(({ backup }) => backup.snapshot),
          ...here.map((s) => s.name),
        ]);
        expect(rows.map((row) => row.name).sort()).toEqual([...all].sort());
        expect(summary.backups).toBe(lineage.entries.length);
        const localRows = rows.filter((row) => row.local === 'ok').map((row) => row.name);
        const byAge = here.toSorted((a, b) => Number(a.createtxg) - Number(b.createtxg)).map((s) => s.name);
        expect(localRows).toEqual(byAge);
      }),
      { numRuns: 500 },
    );
  });
});
