import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Zfs3BackupError } from '../../src/errors.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import type { RecordedBody } from '../../src/transfer/check-body.ts';
import { openDownload } from '../../src/transfer/download.ts';
import { upload } from '../../src/transfer/upload.ts';
import { collect, KEY, producer } from './bytes.ts';
import { createMemoryStore, KIB } from './memory-store.ts';

const PART = 4 * KIB;

/** An object of parts, whose ETag says nothing of its bytes as they come, and what was recorded of it. */
async function storeParts(body: Uint8Array, damage?: { readonly at: number }) {
  const memory = createMemoryStore();
  const result = await upload({
    store: memory,
    key: KEY,
    source: producer(body),
    partBytes: PART,
    partDigests: true,
  });
  const record: RecordedBody = {
    storedBytes: result.storedBytes,
    etag: result.etag ?? null,
    parts: result.partDigests,
  };
  const store: ObjectStore = {
    ...memory,
    async get(key, call = {}) {
      const answer = await memory.get(key, call);
      const start = call.range?.first ?? 0;
      return { ...answer, chunks: flip(answer.chunks, start) };
    },
  };
  async function* flip(chunks: AsyncIterable<Uint8Array>, start: number) {
    let first = start;
    for await (const chunk of chunks) {
      const copy = Buffer.from(chunk);
      const index = (damage?.at ?? -1) - first;
      if (index >= 0 && index < copy.byteLength) copy[index] = (copy[index] ?? 0) ^ 1;
      first += copy.byteLength;
      yield copy;
    }
  }
  return { store, record };
}

async function read(
  store: ObjectStore,
  record: RecordedBody | undefined,
  { maxMemory, onDamage }: { maxMemory?: number; onDamage?: (error: Zfs3BackupError) => void } = {},
) {
  const got: Buffer[] = [];
  const reading = (async () => {
    const { chunks } = await openDownload({ store, key: KEY, record, maxMemory, onDamage });
    for await (const chunk of chunks) got.push(Buffer.from(chunk));
  })();
  const error = await reading.then(
    () => undefined,
    (reason: Zfs3BackupError) => reason,
  );
  return { error, got: Buffer.concat(got) };
}

describe('a download with a record', () => {
  const body = randomBytes(5 * PART + 7);

  it.each([undefined, 2 * KIB, 10 * KIB, 100 * KIB])(
    'hands on what is as it was stored (memory %s)',
    async (maxMemory) => {
      const { store, record } = await storeParts(body);
      const { error, got } = await read(store, record, maxMemory === undefined ? {} : { maxMemory });
      expect(error).toBeUndefined();
      expect(got.equals(body)).toBe(true);
    },
  );

  it.each([0, PART - 1, PART, 3 * PART + 5, 5 * PART, 5 * PART + 6])(
    'names the part in which byte %i is another one, before its end is handed on',
    async (at) => {
      const { store, record } = await storeParts(body, { at });
      expect((await read(store, undefined)).error).toBeUndefined();
      for (const maxMemory of [2 * KIB, 10 * KIB, 100 * KIB]) {
        const { error, got } = await read(store, record, { maxMemory });
        const number = Math.floor(at / PART) + 1;
        const first = (number - 1) * PART;
        const last = Math.min(first + PART, body.byteLength) - 1;
        expect(error).toMatchObject({
          code: 'MISMATCH',
          message: expect.stringContaining(`part ${number} (bytes ${first}–${last})`),
        });
        expect(got.byteLength).toBeLessThanOrEqual(last);
      }
    },
  );

  it('tells all damage to who looks at it, and hands all bytes on', async () => {
    const { store, record } = await storeParts(body, { at: PART });
    const errors: string[] = [];
    const { error, got } = await read(store, record, { onDamage: ({ message }) => errors.push(message) });
    expect(error).toBeUndefined();
    expect(errors).toEqual([expect.stringContaining('part 2 ')]);
    expect(got.byteLength).toBe(body.byteLength);
  });

  it.each([
    ['size', { storedBytes: 3 }],
    ['ETag', { etag: 'another' }],
  ])('refuses an object of another %s before a byte is handed on', async (_, change) => {
    const { store, record } = await storeParts(body);
    const { error, got } = await read(store, { ...record, ...change });
    expect(error).toMatchObject({ code: 'MISMATCH', message: expect.stringContaining('was recorded') });
    expect(got.byteLength).toBe(0);
  });

  it('goes by what the store tells where the record knows no parts', async () => {
    const store = createMemoryStore();
    await store.put(KEY, body);
    const { error, got } = await read(store, { storedBytes: body.byteLength, etag: null, parts: [] });
    expect(error).toBeUndefined();
    expect(got.equals(body)).toBe(true);
  });

  it('is of an empty object too', async () => {
    const store = createMemoryStore();
    const { partDigests } = await upload({
      store,
      key: KEY,
      source: producer(Buffer.alloc(0)),
      allowEmpty: true,
      partDigests: true,
    });
    const { chunks } = await openDownload({
      store,
      key: KEY,
      record: { storedBytes: 0, etag: null, parts: partDigests },
    });
    expect(await collect(chunks)).toHaveLength(0);
  });
});
