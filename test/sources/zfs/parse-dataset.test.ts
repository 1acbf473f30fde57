import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { datasetArguments, parseDataset } from '../../../src/sources/zfs/parse-dataset.ts';

function lines(name: string, guid: string, createtxg: string, more: Record<string, string> = {}): string {
  const values = { guid, creation: '1795229589', createtxg, referenced: '122880', ...more };
  return Object.entries(values)
    .map(([property, value]) => `${name}\t${property}\t${value}\n`)
    .join('');
}

describe('parseDataset', () => {
  it('reads exact numbers, which do not fit a double', () => {
    const output =
      lines('tank/a', '1', '7') + lines('tank/a@s', '18446744073709551615', '18446744073709551614');
    expect(parseDataset(output, 'tank/a')).toEqual({
      snapshots: [
        {
          name: 's',
          guid: '18446744073709551615',
          createtxg: '18446744073709551614',
          createdAt: new Date('2026-11-21T02:53:09Z'),
          referencedBytes: 122880,
        },
      ],
      bookmarks: [],
      held: [],
      writtenBytes: undefined,
      isEncrypted: false,
      children: [],
    });
  });

  it('orders by creation as numbers, neither by name nor as text', () => {
    const output =
      lines('t@a', '1', '100') + lines('t@b', '2', '99') + lines('t@c', '3', '18446744073709551615');
    expect(parseDataset(output, 't').snapshots.map(({ name }) => name)).toEqual(['b', 'a', 'c']);
  });

  it.each(['x y', 'zfs-auto-snap:daily-2026-11-21', '50%', 'a+b', ' '])(
    'takes the name %j as it is',
    (name) => {
      expect(parseDataset(lines(`tank/we ird@${name}`, '1', '2'), 'tank/we ird').snapshots[0]?.name).toBe(
        name,
      );
    },
  );

  it('leaves out children, and what begins with the same letters', () => {
    const output = ['tank/a/b', 'tank/a/b@s', 'tank/a/b#s', 'tank/ab@s', 'tank/ab#s'].map((name, at) =>
      lines(name, `${at}`, `${at}`, { userrefs: '1' }),
    );
    expect(parseDataset(output.join(''), 'tank/a')).toMatchObject({ snapshots: [], bookmarks: [], held: [] });
  });

  it('reads bookmarks, oldest first', () => {
    const none = { written: '-', referenced: '-', userrefs: '-', encryption: '-' };
    const output =
      lines('t/a b#new:x', '8', '100', none) +
      lines('t/a b#old', '7', '99', none) +
      lines('t/a b@s', '1', '2');
    const { bookmarks, snapshots } = parseDataset(output, 't/a b');
    expect(snapshots.map(({ name }) => name)).toEqual(['s']);
    expect(bookmarks).toEqual([
      { name: 'old', guid: '7', createtxg: '99', createdAt: new Date(1795229589000), isBookmark: true },
      expect.objectContaining({ name: 'new:x', guid: '8', createtxg: '100' }),
    ]);
  });

  it('tells what is held and whether the dataset itself is encrypted', () => {
    const of = (encryption: string) =>
      lines('t', '1', '2', { encryption }) +
      lines('t@s', '3', '4', { userrefs: '2', encryption: 'aes-256-gcm' }) +
      lines('t@free', '5', '6', { userrefs: '0' });
    expect(parseDataset(of('aes-256-gcm'), 't')).toMatchObject({ held: ['s'], isEncrypted: true });
    expect(parseDataset(of('off'), 't')).toMatchObject({ isEncrypted: false });
    expect(parseDataset(of('-'), 't')).toMatchObject({ isEncrypted: false });
  });

  it("takes the dataset's own written bytes, not a snapshot's", () => {
    const output = lines('t', '1', '2', { written: '4096' }) + lines('t@s', '3', '4', { written: '9' });
    expect(parseDataset(output, 't').writtenBytes).toBe(4096);
  });

  it.each([
    'no tabs here\n',
    't@s\tguid\n',
    lines('t@s', '-', '1'),
    't@s\tguid\t1\n',
    lines('t@s', '1', '2').replace('122880', '120K'),
  ])('refuses what it does not understand: %j', (output) => {
    expect(() => parseDataset(output, 't')).toThrow(expect.objectContaining({ code: 'SOURCE_FAILED' }));
  });

  it('gives back any set of snapshots in order of creation', () => {
    const name = fc.string({ unit: fc.constantFrom(...'abcXYZ019-_.: %+'), minLength: 1, maxLength: 20 });
    const snapshot = fc.record({
      name,
      guid: fc.bigInt(0n, 2n ** 64n - 1n),
      txg: fc.bigInt(0n, 2n ** 64n - 1n),
    });
    const snapshots = fc.uniqueArray(snapshot, { selector: ({ name }) => name });
    fc.assert(
      fc.property(snapshots, (given) => {
        const output = given.map(({ name, guid, txg }) => lines(`p/d@${name}`, `${guid}`, `${txg}`)).join('');
        const read = parseDataset(output, 'p/d').snapshots;
        const expected = given.toSorted((a, b) => (a.txg < b.txg ? -1 : a.txg > b.txg ? 1 : 0));
        expect(read.map(({ createtxg }) => createtxg)).toEqual(expected.map(({ txg }) => `${txg}`));
        expect(new Set(read.map(({ name, guid }) => `${name}\n${guid}`))).toEqual(
          new Set(given.map(({ name, guid }) => `${name}\n${guid}`)),
        );
      }),
    );
  });
});

describe('what an interrupted receive left', () => {
  const TOKEN =
    '1-89f1de422-b0-789c636064000310a500c4ec50360710e72765a526973030b0419460caa7a515a7968064d8e0f26c48f2499525a9c5403a21b303abfe92fcf4d2cc140686953b7732ce0e3bcb882ccf0996cf4bcc4d656028d04f74c8cf4b059b01005a7c14e2';
  const read = (token: string, inconsistent: number) =>
    parseDataset(`p/b\treceive_resume_token\t${token}\np/b\tinconsistent\t${inconsistent}\n`, 'p/b').partial;

  it('is told with the snapshot that it was to become', () => {
    const point = { guid: '129855188012480937', parentGuid: undefined, name: 'p/a@one', bytes: 8_939_872 };
    expect(read(TOKEN, 1)).toEqual({ ...point, isAll: true, token: TOKEN });
    expect(read(TOKEN, 0)).toMatchObject({ isAll: false });
    expect(read('-', 0)).toBeUndefined();
  });

  it('is told also where its token cannot be read', () => {
    expect(read('2-zz', 0)).toEqual({ bytes: 0, isAll: false, token: '2-zz' });
  });
});

describe('datasetArguments', () => {
  it('asks only for what this ZFS knows, for it refuses the whole otherwise', () => {
    const none = { estimates: false, rawSend: false, holds: false, resumableReceive: false };
    expect(datasetArguments('t/a b', none)).toContain('guid,creation,createtxg,referenced');
    expect(datasetArguments('t/a b', { ...none, estimates: true })).toContain(
      'guid,creation,createtxg,referenced,written',
    );
    expect(
      datasetArguments('t/a b', { estimates: true, rawSend: true, holds: true, resumableReceive: true }),
    ).toContain(
      'guid,creation,createtxg,referenced,written,encryption,userrefs,receive_resume_token,inconsistent',
    );
    expect(datasetArguments('t/a b', none).at(-1)).toBe('t/a b');
  });
});
