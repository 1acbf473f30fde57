import { createHash, randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/errors.ts';
import { StoreError } from '../../src/errors.ts';
import type { GetIntoOptions, ObjectBody, ObjectStore, StoredPart } from '../../src/store/object-store.ts';

const MIB = 1024 ** 2;
/** Stores may refuse smaller parts, all but the last. */
const PART = 5 * MIB;

export interface ContractOptions {
  /** A store that holds nothing. */
  readonly openFresh: () => Promise<ObjectStore>;
  /** The store at a place that does not exist. */
  readonly openMissing: () => Promise<ObjectStore>;
  /** More than fit into one page of a listing, if that is worth the time. */
  readonly manyKeys: number;
  /** Ceph refuses to complete an upload with some of its parts; AWS leaves the others out. */
  readonly completesSubset: boolean;
}

/** What `object-store.ts` promises, one case per promise. */
export function describeStoreContract(name: string, options: ContractOptions): void {
  describe(`${name} keeps the contract of a store`, () => {
    const opened: ObjectStore[] = [];
    const open = async () => {
      const store = await options.openFresh();
      opened.push(store);
      return store;
    };
    afterEach(() => {
      for (const store of opened.splice(0)) store.close();
    });

    describeObjects(open);
    describeListing(open, options.manyKeys);
    describeUploads(open, options.completesSubset);
    describeFailures(open, options.openMissing);
  });
}

type Open = () => Promise<ObjectStore>;

/** Both stores of ours have it. */
async function readInto(store: ObjectStore, key: string, into: Uint8Array, options: GetIntoOptions) {
  if (!store.getInto) throw new Error('a store without getInto');
  return store.getInto(key, into, options);
}

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

function describeObjects(open: Open): void {
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

  it.each([
    { range: { first: 0, last: 0 }, expected: '0' },
    { range: { first: 3, last: 5 }, expected: '345' },
    { range: { first: 8, last: 100 }, expected: '89' },
  ])('gets the range $range', async ({ range, expected }) => {
    const store = await open();
    await store.put('k', Buffer.from('0123456789'));
    const body = await store.get('k', { range });
    expect(body.bytes).toBe(expected.length);
    expect(body.info.bytes).toBe(10);
    expect(await read(body)).toBe(expected);
  });

  it('fails for a range behind the end', async () => {
    const store = await open();
    await store.put('k', Buffer.from('0123456789'));
    await expectCode(store.get('k', { range: { first: 10, last: 12 } }), 'STORE_FAILED');
  });

  it('gets by ETag, and fails with MISMATCH when the object was replaced', async () => {
    const store = await open();
    await store.put('k', Buffer.from('one'));
    const ifMatch = (await store.head('k'))?.etag ?? '';
    expect(await read(await store.get('k', { ifMatch }))).toBe('one');
    await store.put('k', Buffer.from('two'));
    await expectCode(store.get('k', { ifMatch }), 'MISMATCH');
  });

  it.each([
    { first: 0, room: 1, expected: '0' },
    { first: 3, room: 4, expected: '3456' },
    { first: 0, room: 10, expected: '0123456789' },
    { first: 8, room: 5, expected: '89' },
  ])('reads $room bytes from $first into a buffer', async ({ first, room, expected }) => {
    const store = await open();
    await store.put('k', Buffer.from('0123456789'), { metadata: { a: '1' } });
    const memory = Buffer.from(new SharedArrayBuffer(room + 2)).fill('_');
    const told: number[] = [];
    const answer = await readInto(store, 'k', memory.subarray(1, -1), {
      first,
      onBytes: (bytes) => told.push(bytes),
    });
    expect(memory.toString()).toBe(`_${expected.padEnd(room, '_')}_`);
    expect(answer).toEqual({ info: (await store.get('k')).info, bytes: expected.length });
    expect(told.at(-1)).toBe(expected.length);
  });

  it('reads ranges of a big object into buffers, some at the same time', async () => {
    const store = await open();
    const body = randomBytes(7 * MIB + 1);
    await store.put('k', body);
    const parts = [0, 3 * MIB, 3 * MIB + 10, 6 * MIB].map((first, n, all) => ({
      first,
      into: Buffer.from(new SharedArrayBuffer((all[n + 1] ?? body.byteLength) - first)),
    }));
    await Promise.all(parts.map(({ first, into }) => readInto(store, 'k', into, { first })));
    expect(Buffer.concat(parts.map(({ into }) => into)).equals(body)).toBe(true);
  });

  it('fails to read into a buffer what is not there, and what was replaced', async () => {
    const store = await open();
    for (const into of [new Uint8Array(4), new Uint8Array(2 * MIB)]) {
      await expectCode(readInto(store, 'none', into, { first: 0 }), 'NO_SUCH_KEY');
      await store.put('k', Buffer.from('one'));
      await expectCode(readInto(store, 'k', into, { first: 3 }), 'STORE_FAILED');
      const ifMatch = (await store.head('k'))?.etag ?? '';
      await store.put('k', Buffer.from('two'));
      await expectCode(readInto(store, 'k', into, { first: 0, ifMatch }), 'MISMATCH');
      await store.remove('none');
    }
  });

  it('stops to read into a buffer when it is told to, with the reason', async () => {
    const store = await open();
    await store.put('k', randomBytes(4 * MIB));
    const abort = new AbortController();
    const reason = new Error('enough');
    const onBytes = () => abort.abort(reason);
    const read = readInto(store, 'k', new Uint8Array(4 * MIB), { first: 0, signal: abort.signal, onBytes });
    await expect(read).rejects.toBe(reason);
    await expect(readInto(store, 'k', new Uint8Array(1), { first: 0, signal: abort.signal })).rejects.toBe(
      reason,
    );
  });

  it('lets a reader stop early', async () => {
    const store = await open();
    await store.put('k', randomBytes(4 * MIB));
    for await (const chunk of (await store.get('k')).chunks) {
      expect(chunk.byteLength).toBeGreaterThan(0);
      break;
    }
    expect(await store.head('k')).toMatchObject({ bytes: 4 * MIB });
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

function describeListing(open: Open, manyKeys: number): void {
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

function describeUploads(open: Open, completesSubset: boolean): void {
  const bytes = randomBytes(2 * PART + 1234);
  const slices = [bytes.subarray(0, PART), bytes.subarray(PART, 2 * PART), bytes.subarray(2 * PART)];

  it('makes an object of its parts, with the metadata that the upload was started with', async () => {
    const store = await open();
    const upload = await store.startUpload('tank/a@big', { metadata: { parent: 'tank/a@x=1' } });
    expect(upload.key).toBe('tank/a@big');
    const parts: StoredPart[] = [];
    for (const [index, slice] of slices.entries()) parts.push(await upload.putPart(index + 1, slice));
    const { etag } = await upload.complete(parts);
    const { info, chunks } = await store.get('tank/a@big');
    expect((await collect(chunks)).equals(bytes)).toBe(true);
    expect(info).toMatchObject({ bytes: bytes.byteLength, metadata: { parent: 'tank/a@x=1' } });
    if (etag !== undefined) expect(etag).toBe(info.etag);
  });

  it('takes parts at the same time and in any order', async () => {
    const store = await open();
    const upload = await store.startUpload('k');
    const third = await upload.putPart(3, slices[2] ?? bytes);
    const [second, first] = await Promise.all([
      upload.putPart(2, slices[1] ?? bytes),
      upload.putPart(1, slices[0] ?? bytes),
    ]);
    await upload.complete([third, first, second]);
    expect((await collect((await store.get('k')).chunks)).equals(bytes)).toBe(true);
  });

  it('takes parts of growing size', async () => {
    const store = await open();
    const upload = await store.startUpload('k');
    const cuts = [0, PART, 2 * PART + 1000, bytes.byteLength];
    const parts = await Promise.all(
      cuts.slice(1).map((end, n) => upload.putPart(n + 1, bytes.subarray(cuts[n], end))),
    );
    await upload.complete(parts);
    expect((await collect((await store.get('k')).chunks)).equals(bytes)).toBe(true);
  });

  it('replaces a part that is sent again', async () => {
    const store = await open();
    const upload = await store.startUpload('k');
    const wrong = await upload.putPart(1, randomBytes(PART));
    const last = await upload.putPart(2, Buffer.from('end'));
    const right = await upload.putPart(1, slices[0] ?? bytes);
    expect(right.etag).not.toBe(wrong.etag);
    expect(await upload.listParts()).toMatchObject([right, last]);
    await upload.complete([right, last]);
    const expected = Buffer.concat([slices[0] ?? bytes, Buffer.from('end')]);
    expect((await collect((await store.get('k')).chunks)).equals(expected)).toBe(true);
  });

  it('replaces a part by a longer and by a shorter one', async () => {
    const store = await open();
    const upload = await store.startUpload('k');
    await upload.putPart(1, randomBytes(PART + 7));
    await upload.putPart(2, randomBytes(PART));
    const first = await upload.putPart(1, bytes.subarray(0, PART));
    const second = await upload.putPart(2, bytes.subarray(PART, 2 * PART + 9));
    const third = await upload.putPart(3, bytes.subarray(2 * PART + 9));
    await upload.complete([first, second, third]);
    expect((await collect((await store.get('k')).chunks)).equals(bytes)).toBe(true);
  });

  it('makes the object of exactly the parts that are listed', async () => {
    const store = await open();
    const upload = await store.startUpload('k');
    const first = await upload.putPart(1, slices[0] ?? bytes);
    await upload.putPart(2, slices[1] ?? bytes);
    const third = await upload.putPart(3, slices[2] ?? bytes);
    const completing = upload.complete([first, third]);
    if (!completesSubset) {
      await expectCode(completing, 'STORE_FAILED');
      expect(await store.head('k')).toBeUndefined();
      return;
    }
    await completing;
    const expected = Buffer.concat([slices[0] ?? bytes, slices[2] ?? bytes]);
    expect((await collect((await store.get('k')).chunks)).equals(expected)).toBe(true);
  });

  it('lists parts by number, with the ETags that were given', async () => {
    const store = await open();
    const upload = await store.startUpload('k');
    expect(await upload.listParts()).toEqual([]);
    const ten = await upload.putPart(10, Buffer.from('ten'));
    const two = await upload.putPart(2, Buffer.from('two'));
    expect(await upload.listParts()).toMatchObject([two, ten]);
  });

  it('takes a SHA-256 that is known already', async () => {
    const store = await open();
    const upload = await store.startUpload('k');
    const body = Buffer.from('body');
    const sha256 = createHash('sha256').update(body).digest('hex');
    await upload.complete([await upload.putPart(1, body, { sha256 })]);
    expect(await read(await store.get('k'))).toBe('body');
  });

  it('shows nothing before the upload is complete', async () => {
    const store = await open();
    const upload = await store.startUpload('k');
    const part = await upload.putPart(1, Buffer.from('x'));
    expect(await store.head('k')).toBeUndefined();
    expect(await keysOf(store, '')).toEqual([]);
    await upload.complete([part]);
    expect(await keysOf(store, '')).toEqual(['k']);
  });

  it('keeps the object that was there until the upload is complete', async () => {
    const store = await open();
    await store.put('k', Buffer.from('old'), { metadata: { v: '1' } });
    const upload = await store.startUpload('k', { metadata: { v: '2' } });
    const part = await upload.putPart(1, Buffer.from('new'));
    expect(await read(await store.get('k'))).toBe('old');
    expect((await store.head('k'))?.metadata).toEqual({ v: '1' });
    await upload.complete([part]);
    expect(await read(await store.get('k'))).toBe('new');
    expect((await store.head('k'))?.metadata).toEqual({ v: '2' });
  });

  it('does not complete with a part that was never stored', async () => {
    const store = await open();
    const upload = await store.startUpload('k');
    const part = await upload.putPart(1, slices[0] ?? bytes);
    const error = await failureOf(upload.complete([part, { ...part, partNumber: 2 }]));
    expect(error).toMatchObject({ code: 'STORE_FAILED', retryable: false });
    expect(await store.head('k')).toBeUndefined();
  });

  it('does not complete with a part that is another one now', async () => {
    const store = await open();
    const upload = await store.startUpload('k');
    const before = await upload.putPart(1, Buffer.from('before'));
    await upload.putPart(1, Buffer.from('after'));
    await expectCode(upload.complete([before]), 'STORE_FAILED');
    expect(await store.head('k')).toBeUndefined();
  });

  it('does not complete without parts', async () => {
    const store = await open();
    const upload = await store.startUpload('k');
    await expectCode(upload.complete([]), 'STORE_FAILED');
    expect(await store.head('k')).toBeUndefined();
  });

  it.each([0, -1, 10_001, 1.5])('refuses the part number %d', async (partNumber) => {
    const upload = await (await open()).startUpload('k');
    await expectCode(upload.putPart(partNumber, Buffer.from('x')), 'USAGE');
  });

  it('drops an upload and its parts, and does not mind when it is gone', async () => {
    const store = await open();
    const upload = await store.startUpload('k');
    const part = await upload.putPart(1, Buffer.from('x'));
    await upload.abort();
    await upload.abort();
    expect(await store.openUploads('')).toEqual([]);
    expect(await store.head('k')).toBeUndefined();
    await expectCode(upload.complete([part]), 'STORE_FAILED');
    expect(await store.head('k')).toBeUndefined();
    await expectCode(upload.putPart(2, Buffer.from('y')), 'STORE_FAILED');
  });

  it('lists uploads that are open, oldest first, and goes on with one', async () => {
    const store = await open();
    const done = await store.startUpload('p/done');
    await done.complete([await done.putPart(1, Buffer.from('x'))]);
    const first = await store.startUpload('p/with space+%é', { metadata: { a: '1' } });
    await first.putPart(1, slices[0] ?? bytes);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const second = await store.startUpload('p/b');
    await store.startUpload('q/c');
    const found = await store.openUploads('p/');
    expect(found.map(({ key, uploadId }) => [key, uploadId])).toEqual([
      ['p/with space+%é', first.uploadId],
      ['p/b', second.uploadId],
    ]);
    expect(Math.abs((found[0]?.startedAt.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
    const again = found[0] ?? first;
    const two = await again.putPart(2, slices[1] ?? bytes);
    const three = await again.putPart(3, slices[2] ?? bytes);
    const parts = await again.listParts();
    expect(parts.slice(1)).toMatchObject([two, three]);
    await again.complete(parts);
    expect((await collect((await store.get('p/with space+%é')).chunks)).equals(bytes)).toBe(true);
    expect((await store.head('p/with space+%é'))?.metadata).toEqual({ a: '1' });
  });

  it('keeps two uploads of one key apart', async () => {
    const store = await open();
    const [a, b] = [await store.startUpload('k'), await store.startUpload('k')];
    expect(a.uploadId).not.toBe(b.uploadId);
    const [partA, partB] = [await a.putPart(1, Buffer.from('a')), await b.putPart(1, Buffer.from('b'))];
    await a.complete([partA]);
    expect(await read(await store.get('k'))).toBe('a');
    await b.complete([partB]);
    expect(await read(await store.get('k'))).toBe('b');
  });
}

function describeFailures(open: Open, openMissing: Open): void {
  it('fails with NO_SUCH_KEY, naming the key', async () => {
    const store = await open();
    const error = await failureOf(store.get('tank/a@gone'));
    expect(error).toMatchObject({ code: 'NO_SUCH_KEY', key: 'tank/a@gone', retryable: false });
    expect(error.message).toContain('tank/a@gone');
    expect(await store.head('tank/a@gone')).toBeUndefined();
  });

  it('fails with NO_SUCH_BUCKET for a place that does not exist, whatever is asked', async () => {
    const store = await openMissing();
    await expectCode(store.head('k'), 'NO_SUCH_BUCKET');
    await expectCode(store.get('k'), 'NO_SUCH_BUCKET');
    await expectCode(store.put('k', Buffer.from('x')), 'NO_SUCH_BUCKET');
    await expectCode(store.startUpload('k'), 'NO_SUCH_BUCKET');
    await expectCode(store.openUploads(''), 'NO_SUCH_BUCKET');
    await expectCode(all(store.list('')), 'NO_SUCH_BUCKET');
    expect((await failureOf(store.head('k'))).advice).toBeTruthy();
    store.close();
  });

  it('rejects with the reason of a signal that was aborted before', async () => {
    const store = await open();
    const upload = await store.startUpload('k');
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    await expect(store.head('k', { signal })).rejects.toBe(reason);
    await expect(store.get('k', { signal })).rejects.toBe(reason);
    await expect(store.put('k', Buffer.from('x'), { signal })).rejects.toBe(reason);
    await expect(store.remove('k', { signal })).rejects.toBe(reason);
    await expect(store.startUpload('k', { signal })).rejects.toBe(reason);
    await expect(store.openUploads('', { signal })).rejects.toBe(reason);
    await expect(all(store.list('', { signal }))).rejects.toBe(reason);
    await expect(upload.putPart(1, Buffer.from('x'), { signal })).rejects.toBe(reason);
    await expect(upload.listParts({ signal })).rejects.toBe(reason);
    await expect(upload.complete([], { signal })).rejects.toBe(reason);
    await expect(upload.abort({ signal })).rejects.toBe(reason);
    expect(await store.head('k')).toBeUndefined();
  });

  it('stops a part that is under way, and takes it again', async () => {
    const store = await open();
    const upload = await store.startUpload('k');
    const body = randomBytes(32 * MIB);
    const stop = new AbortController();
    const reason = new Error('enough');
    const sending = upload.putPart(1, body, { signal: stop.signal });
    setImmediate(() => stop.abort(reason));
    await expect(sending).rejects.toBe(reason);
    await upload.complete([await upload.putPart(1, body)]);
    expect((await collect((await store.get('k')).chunks)).equals(body)).toBe(true);
  });

  it('stops a body that is being read', async () => {
    const store = await open();
    await store.put('k', randomBytes(32 * MIB));
    const stop = new AbortController();
    const reason = new Error('enough');
    const { chunks } = await store.get('k', { signal: stop.signal });
    const reading = (async () => {
      for await (const _ of chunks) stop.abort(reason);
    })();
    await expect(reading).rejects.toBe(reason);
  });

  it('names itself to a person', async () => {
    const store = await open();
    expect(store.url).toMatch(/^(s3|file):\/\/\S+$/);
    expect(store.prefix).toMatch(/\/$/);
    expect(store.limits.minPartBytes).toBeLessThanOrEqual(PART);
    expect(store.limits.maxParts * store.limits.maxPartBytes).toBeGreaterThanOrEqual(
      store.limits.maxObjectBytes,
    );
  });
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

export async function keysOf(store: ObjectStore, prefix: string, startAfter?: string): Promise<string[]> {
  const found = await all(store.list(prefix, startAfter === undefined ? {} : { startAfter }));
  return found.map(({ key }) => key);
}

export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await all(chunks));
}

export async function read(body: ObjectBody): Promise<string> {
  return (await collect(body.chunks)).toString();
}

export async function failureOf(work: Promise<unknown>): Promise<StoreError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StoreError);
  return error as StoreError;
}

export async function expectCode(work: Promise<unknown>, code: ErrorCode): Promise<void> {
  const error = await failureOf(work);
  expect(error.code, error.message).toBe(code);
}
