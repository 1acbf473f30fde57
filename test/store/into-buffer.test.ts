import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { openStore } from './answering-server.ts';
import { all } from './read-back.ts';
import { failureOf } from './store-failure.ts';

/** As through a proxy that takes Content-Length away: Node sends such a body in chunks. */
const openChunked = (range: string | undefined, body: Uint8Array, status = 206) =>
  openStore((_, response) => {
    const contentRange = range === undefined ? {} : { 'content-range': range };
    response.writeHead(status, { etag: '"e"', ...contentRange });
    for (let at = 0; at < body.byteLength; at += 100_000) response.write(body.subarray(at, at + 100_000));
    response.end();
  });

async function readInto(store: ObjectStore, bytes: number) {
  const told: number[] = [];
  const into = new Uint8Array(bytes);
  const onBytes = (filled: number) => told.push(filled);
  const answer = await store.getInto?.('k', into, { first: 0, onBytes });
  return { answer, into: Buffer.from(into), told };
}

// On a connection of its own, and among all others.
describe.each([1_000, 2 * 1024 ** 2])('%d bytes that come without a length', (bytes) => {
  const body = randomBytes(bytes);
  const range = `bytes 0-${bytes - 1}/5000000`;

  it('are read, each once', async () => {
    const { store, requests } = await openChunked(range, body);
    const { answer, into, told } = await readInto(store, bytes);
    expect(into.equals(body)).toBe(true);
    expect(answer).toMatchObject({ bytes, info: { bytes: 5_000_000 } });
    expect(told.at(-1)).toBe(bytes);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    expect(requests).toHaveLength(1);
  });

  it.each([
    ['fewer', body.subarray(1)],
    ['more', Buffer.concat([body, body])],
  ])('are no damage and asked for again where %s come', async (_, other) => {
    const { store } = await openChunked(range, other);
    let told = 0;
    const onBytes = (filled: number) => {
      told = filled;
    };
    const asked = store.getInto?.('k', new Uint8Array(bytes), { first: 0, onBytes });
    const error = await failureOf(asked ?? Promise.resolve());
    expect(error).toMatchObject({ code: 'STORE_UNREACHABLE', errno: 'ERR_BODY_LENGTH', retryable: true });
    expect(error.message).toContain('another length than its range has');
    expect(told).toBeLessThan(bytes);
  });

  it('and of which nothing tells how many they are, are refused', async () => {
    const { store } = await openChunked(undefined, body, 200);
    const error = await failureOf(readInto(store, bytes));
    expect(error).toMatchObject({ code: 'MISMATCH', retryable: false });
  });
});

describe('an object that comes without a length', () => {
  it('tells of its range how long it is, and of all of it nothing', async () => {
    const { store } = await openChunked('bytes 0-4/9', Buffer.from('hello'));
    const { bytes, info, chunks } = await store.get('k', { range: { first: 0, last: 4 } });
    expect([bytes, info.bytes, Buffer.concat(await all(chunks)).toString()]).toEqual([5, 9, 'hello']);
    const whole = await (await openChunked(undefined, Buffer.from('hello'), 200)).store.get('k');
    expect([whole.bytes, Buffer.concat(await all(whole.chunks)).toString()]).toEqual([undefined, 'hello']);
  });
});
