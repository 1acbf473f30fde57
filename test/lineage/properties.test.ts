import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Backup, Health } from '../../src/lineage/backup.ts';
import { backupKey } from '../../src/lineage/key.ts';
import { buildLineage, chainTo } from '../../src/lineage/lineage.ts';
import { decodeBackup, encodeMetadata } from '../../src/lineage/metadata.ts';
import { type BackupStep, planBackup } from '../../src/lineage/plan-backup.ts';
import { planRestore } from '../../src/lineage/plan-restore.ts';
import type { Snapshot } from '../../src/lineage/snapshot.ts';
import { assembleStatus } from '../../src/lineage/status.ts';
import { DATASET, PREFIX } from './situation.ts';

const HOUR = 3_600_000;

/** A dataset and a store that live through whatever an administrator does to them. */
interface World {
  hour: number;
  local: Snapshot[];
  store: Backup[];
}

const name = fc.constantFrom('a', 'b', 'c', 'd', 'daily-1', 'daily-2', 'daily-3');
const event = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('take' as const), name }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('destroy' as const), name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rename' as const), name, to: name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lose' as const), name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forget guid' as const), name }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('back up' as const),
      mode: fc.constantFrom('auto' as const, 'full' as const, 'incremental' as const),
      history: fc.boolean(),
      target: fc.option(name, { nil: undefined }),
      snapshotPrefix: fc.constantFrom('', 'daily'),
      steps: fc.integer({ min: 0, max: 9 }),
    }),
  },
);
type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;
// without a size fast-check seldom makes more than ten events
const life = fc.array(event, { maxLength: 40, size: 'max' });

function live(events: readonly Event[]): World {
  const world: World = { hour: 0, local: [], store: [] };
  for (const next of events) {
    world.hour++;
    happen(world, next);
  }
  return world;
}

function happen(world: World, next: Event): void {
  switch (next.do) {
    case 'take':
      if (world.local.every((snapshot) => snapshot.name !== next.name))
        world.local.push(take(world, next.name));
      break;
    case 'destroy':
      world.local = world.local.filter((snapshot) => snapshot.name !== next.name);
      break;
    case 'rename':
      if (world.local.some((snapshot) => snapshot.name === next.to)) break;
      world.local = world.local.map((s) => (s.name === next.name ? { ...s, name: next.to } : s));
      break;
    case 'lose':
      world.store = world.store.filter(({ snapshot }) => snapshot !== next.name);
      break;
    case 'forget guid':
      world.store = world.store.map((b) =>
        b.snapshot === next.name ? { ...b, guid: undefined, parentGuid: undefined } : b,
      );
      break;
    case 'back up': {
      const plan = planOf(world, next);
      // A run may die after any of its steps.
      if (plan.kind === 'plan') for (const step of plan.steps.slice(0, next.steps)) apply(world, step);
    }
  }
}

function take({ hour }: World, snapshot: string): Snapshot {
  const txg = String(hour * 7);
  return {
    name: snapshot,
    guid: `${txg}01`,
    createtxg: txg,
    createdAt: new Date(hour * HOUR),
    referencedBytes: 1,
  };
}

function planOf(world: World, options: Partial<Parameters<typeof planBackup>[0]>) {
  const lineage = buildLineage(DATASET, world.store);
  return planBackup({
    dataset: DATASET,
    snapshots: world.local,
    lineage,
    snapshotPrefix: '',
    mode: 'auto',
    ...options,
  });
}

function apply(world: World, step: BackupStep): void {
  const key = backupKey(PREFIX, DATASET, step.snapshot.name);
  const metadata = encodeMetadata({
    key,
    kind: step.kind,
    parent: step.parentName === undefined ? undefined : `${DATASET}@${step.parentName}`,
    compressor: undefined,
    estimate: undefined,
    guid: step.snapshot.guid,
    parentGuid: step.parent?.guid,
  });
  const backup = decodeBackup(PREFIX, {
    key,
    bytes: 1,
    etag: undefined,
    modifiedAt: new Date(world.hour * HOUR + world.store.length),
    storageClass: undefined,
    metadata,
  });
  if (backup) world.store.push(backup);
}

const request = fc.record({
  mode: fc.constantFrom('auto' as const, 'full' as const, 'incremental' as const),
  history: fc.boolean(),
  target: fc.option(name, { nil: undefined }),
  snapshotPrefix: fc.constantFrom('', 'daily'),
});

describe('a backup plan, after any life of dataset and store', () => {
  it('never replaces a backup, and builds each step on a healthy one or on a step before', () => {
    fc.assert(
      fc.property(life, request, (events, options) => {
        const world = live(events);
        const plan = planOf(world, options);
        if (plan.kind !== 'plan') return;
        const { entries } = buildLineage(DATASET, world.store);
        const taken = new Set(world.store.map(({ snapshot }) => snapshot));
        const healthy = new Set(
          entries.filter(({ health }) => health === 'ok').map((e) => e.backup.snapshot),
        );
        for (const { kind, snapshot, parent, parentName } of plan.steps) {
          expect(taken).not.toContain(snapshot.name);
          expect(world.local).toContain(snapshot);
          expect(kind).toBe(parent ? 'incremental' : 'full');
          if (parent) {
            expect(healthy).toContain(parentName);
            expect(world.local).toContain(parent);
            expect(Number(parent.createtxg)).toBeLessThan(Number(snapshot.createtxg));
          }
          taken.add(snapshot.name);
          healthy.add(snapshot.name);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('leaves nothing to do once it was run, and only healthy backups behind it', () => {
    fc.assert(
      fc.property(life, request, (events, options) => {
        const world = live(events);
        const plan = planOf(world, options);
        if (plan.kind !== 'plan') return;
        for (const step of plan.steps) apply(world, step);
        expect(planOf(world, options)).toMatchObject({ kind: 'plan', steps: [] });
        const lineage = buildLineage(DATASET, world.store);
        for (const { snapshot } of plan.steps) expect(chainTo(lineage, snapshot.name).kind).toBe('chain');
      }),
      { numRuns: 1000 },
    );
  });

  it('makes a full only where one was asked for or nothing is stored, and never for --incremental', () => {
    fc.assert(
      fc.property(life, request, (events, options) => {
        const world = live(events);
        const plan = planOf(world, options);
        if (plan.kind !== 'plan') return;
        const fulls = plan.steps.filter(({ kind }) => kind === 'full').length;
        if (options.mode === 'incremental') expect(fulls).toBe(0);
        if (options.mode === 'auto' && world.store.length > 0) expect(fulls).toBe(0);
        if (options.mode === 'full') expect(plan.steps.length).toBe(fulls);
        expect(fulls).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('a restore plan', () => {
  it('brings every healthy backup back, in order, and then has nothing left to do', () => {
    fc.assert(
      fc.property(life, fc.nat({ max: 20 }), (events, dies) => {
        const world = live(events);
        const lineage = buildLineage(DATASET, world.store);
        for (const { backup, health } of lineage.entries) {
          if (health !== 'ok' || backup.guid === undefined) continue;
          const received: Snapshot[] = [];
          // The first run may die after any step; the second goes on without force.
          for (const limit of [dies, Number.POSITIVE_INFINITY]) {
            const plan = restoreInto(received, backup.snapshot);
            if (plan.kind !== 'plan') throw new Error(plan.kind);
            expect(plan.force).toBe(false);
            for (const step of plan.steps.slice(0, limit)) receive(received, step);
          }
          expect(restoreInto(received, backup.snapshot)).toMatchObject({ kind: 'plan', steps: [] });
        }

        function restoreInto(snapshots: Snapshot[], snapshot: string) {
          const state = snapshots.length === 0 ? undefined : { snapshots, writtenBytes: 0 };
          return planRestore({
            lineage,
            choice: { by: 'name', name: snapshot },
            target: { name: 'x/y', state },
            original: false,
            force: false,
          });
        }
      }),
      { numRuns: 300 },
    );
  });

  it('destroys nothing without consent, whatever the target holds', () => {
    const written = fc.constantFrom(undefined, 0, 4096);
    fc.assert(
      fc.property(
        life,
        life,
        name,
        written,
        fc.boolean(),
        (events, others, snapshot, writtenBytes, force) => {
          const lineage = buildLineage(DATASET, live(events).store);
          const { local } = live(others);
          const state = { snapshots: local, writtenBytes };
          const plan = planRestore({
            lineage,
            choice: { by: 'name', name: snapshot },
            target: { name: 'x/y', state },
            original: true,
            force,
          });
          if (plan.kind !== 'plan' || plan.steps.length === 0) return;
          expect(plan.force).toBe(force);
          if (force) return;
          expect(plan.losses).toEqual([]);
          expect(plan.base).toBe(local.at(-1));
          expect(writtenBytes ?? 0).toBe(0);
        },
      ),
      { numRuns: 500 },
    );
  });
});

/** What ZFS would know, and a backup without a guid does not. */
const UNKNOWN = '0';

function receive(received: Snapshot[], backup: Backup): void {
  if (backup.kind === 'full') expect(received).toEqual([]);
  else if (backup.parentGuid !== undefined && received.at(-1)?.guid !== UNKNOWN) {
    expect(received.at(-1)?.guid).toBe(backup.parentGuid);
  }
  const guid = backup.guid ?? UNKNOWN;
  const createtxg = String(received.length + 1);
  received.push({
    name: backup.snapshot,
    guid,
    createtxg,
    createdAt: new Date(0),
    referencedBytes: 1,
  });
}

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
        const { snapshots: rows, summary } = assembleStatus({ lineage, snapshots: here, snapshotPrefix: '' });
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
