import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import type { GetIntoOptions, ObjectStore } from '../../src/store/object-store.ts';
import type { Open } from './contract-options.ts';
import { read } from './read-back.ts';
import { expectCode } from './store-failure.ts';

const MIB = 1024 ** 2;

/** Both stores of ours have it. */
async function readInto(store: ObjectStore, key: string, into: Uint8Array, options: GetIntoOptions) {
  if (!store.getInto) throw new Error('a store without getInto');
  return store.getInto(key, into, options);
}

export function describeReading(open: Open): void {
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
}
