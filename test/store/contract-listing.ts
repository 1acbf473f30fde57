import { expect, it } from 'vitest';
import type { Open } from './contract-options.ts';
import { all, keysOf } from './read-back.ts';

export function describeListing(open: Open, manyKeys: number): void {
  it('lists nothing in an empty store', async () => {
    expect(await keysOf(await open(), '')).toEqual([]);
  });

  it('tells of each object what head tells, but for the metadata', async () => {
    const store = await open();
    await store.put('a@1', Buffer.from('abc'), { metadata: { a: '1' } });
    const [summary] = await all(store.list(''));
    const { metadata: _, ...info } = (await store.head('a@1')) ?? { metadata: {} };
    // A listing and a header need not have the same resolution, nor both a storage class.
    expect(summary).toMatchObject({ key: 'a@1', bytes: 3, etag: (info as { etag?: string }).etag });
    expect(summary?.modifiedAt).toBeInstanceOf(Date);
    expect(Object.keys(summary ?? {}).sort()).toEqual(['bytes', 'etag', 'key', 'modifiedAt', 'storageClass']);
  });

  it('lists what starts with the prefix, which need not end at a /', async () => {
    const store = await open();
    for (const key of ['p/a@1', 'p/ab@1', 'p/a/c@1', 'q/a@1', 'p']) await store.put(key, Buffer.from('x'));
    expect(await keysOf(store, 'p/a')).toEqual(['p/a/c@1', 'p/a@1', 'p/ab@1']);
    expect(await keysOf(store, 'p/a@')).toEqual(['p/a@1']);
    expect(await keysOf(store, 'p')).toEqual(['p', 'p/a/c@1', 'p/a@1', 'p/ab@1']);
    expect(await keysOf(store, 'nothing/here')).toEqual([]);
  });

  it('lists in the order of bytes, not of folders or of UTF-16', async () => {
    const store = await open();
    const keys = ['a/b', 'a', 'a-b', 'a.b', 'A', 'a0', 'ab', '\u{ffee}', '\u{1f600}', 'é', 'z'];
    for (const key of keys) await store.put(key, Buffer.from('x'));
    expect(await keysOf(store, '')).toEqual([
      'A',
      'a',
      'a-b',
      'a.b',
      'a/b',
      'a0',
      'ab',
      'z',
      'é',
      '\u{ffee}',
      '\u{1f600}',
    ]);
  });

  it('starts after a key, which need not exist', async () => {
    const store = await open();
    for (const key of ['a', 'b', 'c', 'c/d']) await store.put(key, Buffer.from('x'));
    expect(await keysOf(store, '', 'b')).toEqual(['c', 'c/d']);
    expect(await keysOf(store, '', 'bb')).toEqual(['c', 'c/d']);
    expect(await keysOf(store, 'c', 'c')).toEqual(['c/d']);
    expect(await keysOf(store, '', 'z')).toEqual([]);
  });

  it(`lists ${manyKeys} keys`, async () => {
    const store = await open();
    const keys = Array.from({ length: manyKeys }, (_, n) => `many/${String(n).padStart(5, '0')} +%@x`);
    for (let n = 0; n < keys.length; n += 50) {
      await Promise.all(keys.slice(n, n + 50).map((key) => store.put(key, Buffer.from('x'))));
    }
    expect(await keysOf(store, 'many/')).toEqual(keys);
    expect(await keysOf(store, 'many/', keys.at(-3))).toEqual(keys.slice(-2));
  });
}
