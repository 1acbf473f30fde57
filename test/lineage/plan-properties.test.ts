import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Backup } from '../../src/lineage/backup.ts';
import { buildLineage, chainTo } from '../../src/lineage/lineage.ts';
import { planRestore } from '../../src/lineage/plan-restore.ts';
import type { Snapshot } from '../../src/lineage/snapshot.ts';
import { apply, life, live, name, planOf } from './dataset-life.ts';
import { DATASET } from './situation.ts';

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
