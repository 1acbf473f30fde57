import fc from 'fast-check';
import type { MarkStep } from '../../src/lineage/marks.ts';
import { type createWorld, STORES } from './marked-dataset.ts';

const at = fc.nat({ max: 30 });
const event = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('take' as const) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('destroy' as const), at }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('rename' as const), at }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('bookmark' as const),
      at,
      name: fc.constantFrom('x', 'zfs3backup:s1:n3'),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('back up' as const),
      id: fc.constantFrom(...STORES),
      limit: fc.oneof(fc.nat({ max: 6 }), fc.constant(Number.POSITIVE_INFINITY)),
      denied: fc.subarray<MarkStep['do']>(['bookmark', 'hold', 'release', 'drop bookmark'], { maxLength: 1 }),
    }),
  },
);
type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;
// without a size fast-check seldom makes more than ten events
export const life = fc.array(event, { maxLength: 60, size: 'max' });
type World = ReturnType<typeof createWorld>;

export async function happen(world: World, next: Event, settings: { bookmarks: boolean; holds: boolean }) {
  if (next.do === 'take') world.take();
  else if (next.do === 'destroy') world.destroy(next.at);
  else if (next.do === 'rename') world.rename(next.at);
  else if (next.do === 'bookmark') world.bookmark(next.at, next.name);
  else await world.backUp(next.id, { ...next, ...settings });
}

export const settings = fc.constantFrom(
  { bookmarks: true, holds: true },
  { bookmarks: true, holds: false },
  { bookmarks: false, holds: true },
);
