import { describe, expect, it } from 'vitest';
import { markArguments } from '../../../src/sources/zfs/mark-arguments.ts';
import {
  dropPartialArguments,
  receiveArguments,
  rollbackArguments,
} from '../../../src/sources/zfs/receive-arguments.ts';
import { estimateArguments, sendArguments } from '../../../src/sources/zfs/send-arguments.ts';
import { createZfsProgram } from '../../../src/sources/zfs/zfs-program.ts';
import { createZfsSource } from '../../../src/sources/zfs/zfs-source.ts';

describe('sendArguments', () => {
  it('sends a full stream', () => {
    expect(sendArguments({ dataset: 'tank/a', snapshot: 's' })).toEqual(['send', 'tank/a@s']);
  });

  it('sends an incremental with flags, each name one argument', () => {
    const step = { dataset: 'tank/a b', snapshot: 'x: y', parent: 'w + %', sendFlags: ['-c', '-L'] };
    expect(sendArguments(step)).toEqual(['send', '-c', '-L', '-i', '@w + %', 'tank/a b@x: y']);
    expect(estimateArguments(step)).toEqual(['send', '-nvP', '-c', '-L', '-i', '@w + %', 'tank/a b@x: y']);
  });

  it.each([
    { dataset: '-R', snapshot: 's' },
    { dataset: '', snapshot: 's' },
    { dataset: 'tank@a', snapshot: 's' },
    { dataset: 'tank/a\n', snapshot: 's' },
    { dataset: 'tank', snapshot: '' },
    { dataset: 'tank', snapshot: 'a@b' },
    { dataset: 'tank', snapshot: 'a/b' },
    { dataset: 'tank', snapshot: 's', parent: '' },
    { dataset: 'tank', snapshot: 's', parent: 'a\u001b[2J' },
  ])('refuses %j, which cannot be names', (step) => {
    expect(() => sendArguments(step)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});

describe('an incremental from a bookmark', () => {
  it('names it with its mark', () => {
    const step = { dataset: 'tank/a', snapshot: 's', parent: 'x:1:a b', isFromBookmark: true };
    expect(sendArguments(step)).toEqual(['send', '-i', '#x:1:a b', 'tank/a@s']);
    expect(() => sendArguments({ ...step, parent: 'a@b' })).toThrow('cannot be the name of a bookmark');
  });
});

describe('markArguments', () => {
  it.each([
    [
      { do: 'bookmark', dataset: 't/a', snapshot: 's 1', bookmark: 'x:s 1' } as const,
      'bookmark|t/a@s 1|t/a#x:s 1',
    ],
    [{ do: 'drop bookmark', dataset: 't/a', bookmark: 'x:s 1' } as const, 'destroy|t/a#x:s 1'],
    [{ do: 'hold', dataset: 't/a', snapshot: 's', tag: 'x:1' } as const, 'hold|x:1|t/a@s'],
    [{ do: 'release', dataset: 't/a', snapshot: 's', tag: 'x:1' } as const, 'release|x:1|t/a@s'],
  ])('are each one command: %j', (step, expected) => {
    expect(markArguments(step)).toEqual(expected.split('|'));
  });

  it.each(['', 'a@b', 'a/b', 'a#b', 'a,b'])('never destroys anything but a bookmark: %j', (bookmark) => {
    expect(() => markArguments({ do: 'drop bookmark', dataset: 't/a', bookmark })).toThrow(
      'cannot be the name of a bookmark',
    );
  });
});

const CURRENT = { unmountedReceive: true, resumableReceive: true, receiveProperties: true };
const OLD = { unmountedReceive: false, resumableReceive: false, receiveProperties: false };

describe('receiveArguments', () => {
  const step = { target: 'tank/new', snapshot: 's 1', force: false, mount: false };

  it('neither mounts nor overwrites unless asked', () => {
    expect(receiveArguments(step, CURRENT)).toEqual(['receive', '-u', 'tank/new@s 1']);
    expect(receiveArguments({ ...step, force: true, mount: true }, CURRENT)).toEqual([
      'receive',
      '-F',
      'tank/new@s 1',
    ]);
  });

  it('leaves out -u where the ZFS does not know it', () => {
    expect(receiveArguments(step, OLD)).toEqual(['receive', 'tank/new@s 1']);
  });

  it('rolls back first where receive -F cannot, and only by force', () => {
    const back = { ...step, base: 'a', force: true };
    expect(rollbackArguments(back, OLD)).toEqual(['rollback', '-r', 'tank/new@a']);
    expect(rollbackArguments(back, CURRENT)).toBeUndefined();
    expect(rollbackArguments({ ...back, force: false }, OLD)).toBeUndefined();
    expect(rollbackArguments({ ...step, force: true }, OLD)).toBeUndefined();
  });

  it('keeps what arrived when it is cut short, where asked and known', () => {
    const resumable = { ...step, resumable: true };
    expect(receiveArguments(resumable, CURRENT)).toEqual(['receive', '-s', '-u', 'tank/new@s 1']);
    expect(receiveArguments(resumable, OLD)).toEqual(['receive', 'tank/new@s 1']);
  });

  it('sets properties and leaves some out', () => {
    const properties = { properties: ['canmount=off', 'a:b=c = d'], withoutProperties: ['quota'] };
    expect(receiveArguments({ ...step, ...properties }, CURRENT)).toEqual([
      'receive',
      '-u',
      '-o',
      'canmount=off',
      '-o',
      'a:b=c = d',
      '-x',
      'quota',
      'tank/new@s 1',
    ]);
  });

  it('leaves the place of the original out elsewhere, but for what is asked for', () => {
    const left = (more: object, features = CURRENT) =>
      receiveArguments({ ...step, withoutPlace: true, ...more }, features)
        .slice(2, -1)
        .join(' ');
    expect(left({})).toBe('-x mountpoint -x sharenfs -x sharesmb');
    expect(left({ properties: ['mountpoint=/mnt'] })).toBe('-o mountpoint=/mnt -x sharenfs -x sharesmb');
    expect(left({ withoutProperties: ['sharenfs'] })).toBe('-x sharenfs -x mountpoint -x sharesmb');
    expect(left({}, OLD)).toBe('');
  });

  it('names the dataset alone where the stream names its snapshots', () => {
    expect(receiveArguments({ ...step, isReplication: true }, CURRENT)).toEqual([
      'receive',
      '-u',
      'tank/new',
    ]);
  });

  it('drops what an interrupted receive left', () => {
    expect(dropPartialArguments('tank/a b')).toEqual(['receive', '-A', 'tank/a b']);
    expect(() => dropPartialArguments('tank/a@s')).toThrow('tank/a@s');
  });

  it('refuses a target that would be an option', () => {
    expect(() => receiveArguments({ ...step, target: '-F' }, CURRENT)).toThrow('"-F"');
  });
});

describe('createZfsProgram', () => {
  it('leaves arguments alone for a local program', () => {
    expect(createZfsProgram(['sudo', 'zfs'])(['send', 'a b'])).toEqual(['sudo', 'zfs', 'send', 'a b']);
  });

  it('quotes for the shell behind ssh', () => {
    const zfs = createZfsProgram(['/usr/bin/ssh', 'host', 'zfs']);
    expect(zfs(['send', "t@it's; rm -rf $HOME", '-i', '@a:b'])).toEqual([
      '/usr/bin/ssh',
      'host',
      'zfs',
      'send',
      `'t@it'\\''s; rm -rf $HOME'`,
      '-i',
      '@a:b',
    ]);
  });
});

describe('createZfsSource', () => {
  it('shows the commands that it would run, before it asked anything', () => {
    const source = createZfsSource();
    expect(source.sendCommand({ dataset: 't', snapshot: 'b', parent: 'a' })).toEqual([
      'zfs',
      'send',
      '-i',
      '@a',
      't@b',
    ]);
    expect(source.receiveCommands({ target: 't', snapshot: 'b', force: false, mount: false })).toEqual([
      ['zfs', 'receive', '-u', 't@b'],
    ]);
  });
});
