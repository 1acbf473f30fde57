import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { collect } from '../transfer/bytes.ts';
import type { Open } from './contract-options.ts';
import { keysOf, read } from './read-back.ts';
import { expectCode } from './store-failure.ts';

const MIB = 1024 ** 2;

/** Keys that a path, a URL or XML could spoil. */
const ODD_KEYS = [
  'with space',
  'colon:snap@zfs-auto-snap:daily-2024',
  '100%',
  '%2F',
  '%_',
  'plus+plus',
  'ünïcödé/日本/😀',
  'quote"\'`$(x)&<>',
  'back\\slash',
  'question?mark#hash',
  'a//b',
  'trailing/',
  'dots/../up',
  'dots/./same',
  '.zfs3backup/objects/x',
  'tab\tand\nnewline',
  'a',
  'a/b',
  'a/b/c',
  `${'long'.repeat(250)}`,
  `${'é'.repeat(300)}/${'x'.repeat(300)}@${'y'.repeat(100)}`,
];

export function describeObjects(open: Open): void {
  it('gives back what was put', async () => {
    const store = await open();
    const { etag } = await store.put('tank/a@snap', Buffer.from('hello'), { metadata: { isfull: 'true' } });
    const { info, bytes, chunks } = await store.get('tank/a@snap');
    expect(await collect(chunks)).toEqual(Buffer.from('hello'));
    expect(bytes).toBe(5);
    expect(info).toMatchObject({ key: 'tank/a@snap', bytes: 5, metadata: { isfull: 'true' } });
    expect(info.etag).toBe(etag);
    expect(Math.abs(info.modifiedAt.getTime() - Date.now())).toBeLessThan(60_000);
  });

  it('stores an empty body', async () => {
    const store = await open();
    await store.put('empty', new Uint8Array());
    expect(await store.head('empty')).toMatchObject({ bytes: 0, metadata: {} });
    expect(await read(await store.get('empty'))).toBe('');
  });

  it('tells in head what it tells in get', async () => {
    const store = await open();
    await store.put('k', Buffer.from('x'), { metadata: { a: '1' } });
    expect(await store.head('k')).toEqual((await store.get('k')).info);
  });

  it('keeps metadata with = and blanks inside, and empty values out of the way', async () => {
    const store = await open();
    const metadata = { parent: 'tank/a b@x=y', 'with-dash': 'a=b=c  d', percent: '100% "quoted" +1' };
    await store.put('k', Buffer.from('x'), { metadata });
    expect((await store.head('k'))?.metadata).toEqual(metadata);
  });

  it.each([
    { metadata: { UPPER: 'x' }, why: 'a key that would change' },
    { metadata: { 'a b': 'x' }, why: 'a key with a blank' },
    { metadata: { a: 'ü' }, why: 'a value that is not ASCII' },
    { metadata: { a: 'x\ny' }, why: 'a value with a line break' },
    { metadata: { a: ' x' }, why: 'a value that would lose its blank' },
    { metadata: { a: 'x'.repeat(2048) }, why: 'more than 2 KiB' },
  ])('refuses metadata: $why', async ({ metadata }) => {
    const store = await open();
    await expectCode(store.put('k', Buffer.from('x'), { metadata: metadata as never }), 'USAGE');
    await expectCode(store.startUpload('k', { metadata: metadata as never }), 'USAGE');
    expect(await store.head('k')).toBeUndefined();
  });

  it('takes every legal key, and tells them apart', async () => {
    const store = await open();
    for (const key of ODD_KEYS)
      await store.put(key, Buffer.from(key), { metadata: { n: String(key.length) } });
    for (const key of ODD_KEYS) {
      expect(await read(await store.get(key)), key).toBe(key);
      expect((await store.head(key))?.metadata, key).toEqual({ n: String(key.length) });
    }
    expect(await keysOf(store, '')).toEqual([...ODD_KEYS].sort(byBytes));
    for (const key of ODD_KEYS) await store.remove(key);
    expect(await keysOf(store, '')).toEqual([]);
  });

  it.each(['', 'x'.repeat(1025), 'é'.repeat(513), 'lone\ud800surrogate'])(
    'refuses the key %j',
    async (key) => {
      const store = await open();
      await expectCode(store.put(key, Buffer.from('x')), 'USAGE');
      await expectCode(store.head(key), 'USAGE');
      await expectCode(store.get(key), 'USAGE');
      await expectCode(store.remove(key), 'USAGE');
      await expectCode(store.startUpload(key), 'USAGE');
    },
  );

  it('takes a key of 1,024 bytes', async () => {
    const store = await open();
    const key = 'k'.repeat(1024);
    await store.put(key, Buffer.from('x'));
    expect(await keysOf(store, 'k')).toEqual([key]);
  });

  it('replaces an object, its metadata included', async () => {
    const store = await open();
    const first = await store.put('k', Buffer.from('one'), { metadata: { a: '1', b: '2' } });
    const second = await store.put('k', Buffer.from('two!'), { metadata: { a: '3' } });
    expect(second.etag).not.toBe(first.etag);
    expect(await store.head('k')).toMatchObject({ bytes: 4, etag: second.etag, metadata: { a: '3' } });
  });

  it('does not replace what is there when it is told so, where it can', async () => {
    const store = await open();
    if (!store.canPutIfAbsent) return;
    await store.put('k', Buffer.from('one'), { ifAbsent: true });
    const second = store.put('k', Buffer.from('two!'), { ifAbsent: true });
    await expect(second).rejects.toMatchObject({ code: 'MISMATCH', status: 412 });
    expect(await store.head('k')).toMatchObject({ bytes: 3 });
  });

  it('gives equal bytes equal ETags', async () => {
    const store = await open();
    const [a, b] = [await store.put('a', Buffer.from('same')), await store.put('b', Buffer.from('same'))];
    expect(a.etag).toBe(b.etag);
  });

  it('tells no digest, or the right one', async () => {
    const store = await open();
    const body = Buffer.from('body');
    await store.put('whole', body);
    const upload = await store.startUpload('parts');
    await upload.complete([await upload.putPart(1, body)]);
    for (const key of ['whole', 'parts']) {
      const { digest } = (await store.head(key)) ?? {};
      if (digest !== undefined)
        expect(digest.hex).toBe(createHash(digest.algorithm).update(body).digest('hex'));
    }
  });

  it('removes an object, and does not mind one that is gone', async () => {
    const store = await open();
    await store.put('a/b', Buffer.from('x'));
    await store.remove('a/b');
    expect(await store.head('a/b')).toBeUndefined();
    await store.remove('a/b');
    await store.remove('never/was');
    expect(await keysOf(store, '')).toEqual([]);
  });

  it('stores what the buffer held, though it is used again afterwards', async () => {
    const store = await open();
    const body = Buffer.alloc(MIB, 1);
    await store.put('k', body);
    body.fill(2);
    expect((await collect((await store.get('k')).chunks)).every((byte) => byte === 1)).toBe(true);
  });

  it('stores a view into a bigger buffer', async () => {
    const store = await open();
    await store.put('k', Buffer.from('__hello__').subarray(2, 7));
    expect(await read(await store.get('k'))).toBe('hello');
  });
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
