import { describe, expect, it } from 'vitest';
import { destroyArguments } from '../../../src/sources/zfs/destroy-arguments.ts';
import { receiveArguments, rollbackArguments } from '../../../src/sources/zfs/receive-arguments.ts';

describe('destroyArguments', () => {
  it('names a dataset below a pool and what is below it', () => {
    expect(destroyArguments('tank/scratch/x y')).toEqual(['destroy', '-r', 'tank/scratch/x y']);
  });

  it.each(['tank', 'tank/', '/tank', '', '-R', '-R/a', 'tank/a@s', 'tank/a#b', 'tank/a\n', 'tank/a,b'])(
    'refuses %j',
    (name) => {
      expect(() => destroyArguments(name)).toThrow(expect.objectContaining({ code: 'USAGE' }));
    },
  );
});

it('a rehearsal changes nothing', () => {
  const step = { target: 'tank/new', snapshot: 's', base: 'a', force: true, mount: false, rehearse: true };
  expect(
    receiveArguments(step, { unmountedReceive: true, resumableReceive: true, receiveProperties: true }),
  ).toContain('-n');
  expect(
    rollbackArguments(step, { unmountedReceive: false, resumableReceive: false, receiveProperties: false }),
  ).toBeUndefined();
});
