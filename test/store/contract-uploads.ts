import { createHash, randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import type { StoredPart } from '../../src/store/object-store.ts';
import { collect } from '../transfer/bytes.ts';
import { type Open, PART } from './contract-options.ts';
import { keysOf, read } from './read-back.ts';
import { expectCode, failureOf } from './store-failure.ts';

export function describeUploads(open: Open, completesSubset: boolean): void {
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
