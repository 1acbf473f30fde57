import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Hold } from '../../src/lineage/marks.ts';
import { planRelease } from '../../src/lineage/plan-marks.ts';
import { DATASET } from '../lineage/situation.ts';
import { createWorld, STORES } from './marked-dataset.ts';
import { happen, life, settings } from './marked-life.ts';

describe('any life of a dataset with two stores, with crashes anywhere and refused marks', () => {
  it('never loses a chain that was marked once', async () => {
    await fc.assert(
      fc.asyncProperty(life, settings, async (events, chosen) => {
        const world = createWorld();
        const wasMarked = new Set<string>();
        for (const next of events) {
          await happen(world, next, chosen);
          for (const id of STORES) {
            if (world.isMarked(id)) wasMarked.add(id);
            if (wasMarked.has(id)) expect(world.common(id)).not.toEqual([]);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('never makes a second full while both sides have something in common', async () => {
    await fc.assert(
      fc.asyncProperty(life, settings, async (events, chosen) => {
        const world = createWorld();
        for (const next of events) {
          const [id, newest] = [next.do === 'back up' ? next.id : undefined, world.newest()];
          if (id !== undefined && newest && world.stored[id].length > 0) {
            const before = world
              .common(id)
              .filter(({ createtxg }) => Number(createtxg) <= Number(newest.createtxg));
            const plan = world.plan(id, chosen);
            if (before.length > 0 && plan.kind !== 'plan') expect.fail(plan.kind);
            if (plan.kind === 'plan') expect(plan.steps.map(({ kind }) => kind)).not.toContain('full');
          }
          await happen(world, next, chosen);
        }
        for (const id of STORES) {
          expect(world.stored[id].filter(({ kind }) => kind === 'full').length).toBeLessThanOrEqual(1);
          expect(world.lineage(id).entries.every(({ health }) => health === 'ok')).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('has one hold and one bookmark for each store when a run came through, and none after a release', async () => {
    await fc.assert(
      fc.asyncProperty(life, async (events) => {
        const world = createWorld();
        const chosen = { bookmarks: true, holds: true };
        for (const next of events) await happen(world, next, chosen);
        for (const id of STORES) {
          world.take();
          await world.backUp(id, { limit: Number.POSITIVE_INFINITY, denied: [], ...chosen });
        }
        for (const id of STORES) {
          const { holds, bookmarks } = world.marks();
          const base = world.stored[id].at(-1);
          if (world.plan(id, chosen).kind !== 'plan') continue;
          expect(holds.filter(({ tag }) => tag === `zfs3backup:${id}`)).toHaveLength(1);
          const ours = bookmarks.filter(({ name }) => name.startsWith(`zfs3backup:${id}:`));
          expect(ours.map(({ guid }) => guid)).toEqual([base?.guid]);
        }
        const before = world.marks();
        for (const step of planRelease(DATASET, before, 's1')) await world.mark(step);
        expect(world.isMarked('s1')).toBe(false);
        const ofOther = ({ tag }: Hold) => tag === 'zfs3backup:s2';
        expect(world.marks().holds).toEqual(before.holds.filter(ofOther));
        for (const step of planRelease(DATASET, world.marks())) await world.mark(step);
        expect(world.marks().holds).toEqual([]);
        expect(world.marks().bookmarks.every(({ name }) => name === 'x')).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
