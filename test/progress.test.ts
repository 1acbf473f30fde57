import { expect, it } from 'vitest';
import { joinProgress, type Progress } from '../src/progress.ts';

it('tells of what is read before anything was stored, and of both later', () => {
  const told: Progress[] = [];
  const about = { verb: 'backup', item: 'tank/a@s', step: 1, steps: 2, estimate: undefined } as const;
  const progress = joinProgress((each) => told.push(each), about);
  progress.read(5);
  progress.stored({ storedBytes: 3, partsInFlight: 1, retries: 0 });
  progress.read(4);
  expect(
    told.map(({ streamBytes, storedBytes, partsInFlight }) => [streamBytes, storedBytes, partsInFlight]),
  ).toEqual([
    [5, 0, 0],
    [5, 3, 1],
    [9, 3, 1],
  ]);
  expect(told.at(-1)).toMatchObject(about);
  expect(progress.streamBytes()).toBe(9);
  progress.stored({ storedBytes: 9, skippedBytes: 6, partsInFlight: 0, retries: 2 });
  expect(told.at(-1)).toEqual({
    ...{ ...about, streamBytes: 9, storedBytes: 9, skippedBytes: 6, partsInFlight: 0, retries: 2 },
  });
  expect(progress.retries()).toBe(2);
});
