import fc from 'fast-check';
import type { Backup } from '../../src/lineage/backup.ts';
import { buildLineage } from '../../src/lineage/lineage.ts';
import { type BackupStep, planBackup } from '../../src/lineage/plan-backup.ts';
import type { Snapshot } from '../../src/lineage/snapshot.ts';
import { DATASET, HOUR } from './situation.ts';
import { storeStep } from './stored-step.ts';

/** A dataset and a store that live through whatever an administrator does to them. */
interface World {
  hour: number;
  local: Snapshot[];
  store: Backup[];
}

export const name = fc.constantFrom('a', 'b', 'c', 'd', 'daily-1', 'daily-2', 'daily-3');
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
export const life = fc.array(event, { maxLength: 40, size: 'max' });

export function live(events: readonly Event[]): World {
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

export function take({ hour }: World, snapshot: string): Snapshot {
  const txg = String(hour * 7);
  return {
    name: snapshot,
    guid: `${txg}01`,
    createtxg: txg,
    createdAt: new Date(hour * HOUR),
    referencedBytes: 1,
  };
}

export function planOf(world: World, options: Partial<Parameters<typeof planBackup>[0]>) {
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

export function apply(world: World, step: BackupStep): void {
  world.store.push(storeStep(step, new Date(world.hour * HOUR + world.store.length)));
}
