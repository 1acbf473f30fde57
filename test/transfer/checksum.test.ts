import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { ObjectStore, StoredPart, Upload } from '../../src/store/object-store.ts';
import { hexOfCrc32 } from '../../src/stream/crc32.ts';
import { bytesOf, KEY, readObject } from './bytes.ts';
import { createMemoryStore } from './memory-store.ts';
import { PART, put } from './put-parts.ts';

/** A store whose ETags tell nothing, and that keeps the CRC-32 of what it holds: `there` stands for damage. */
function keepingChecksums(there: (body: Buffer) => Buffer = (body) => body) {
  const inner = createMemoryStore({ encrypted: true });
  const settled: string[] = [];
  const withChecksum = (plain: Upload): Upload => ({
    ...plain,
    putPart: async (number, body, call): Promise<StoredPart> => {
      const hex = hexOfCrc32(crc32(body));
      return { ...(await plain.putPart(number, body, call)), checksum: { algorithm: 'crc32', hex } };
    },
  });
  const store: ObjectStore = {
    ...inner,
    startUpload: async (key, call) => withChecksum(await inner.startUpload(key, call)),
    head: async (key, call) => {
      const info = await inner.head(key, call);
      if (info === undefined) return undefined;
      const hex = hexOfCrc32(crc32(there(await readObject(inner, key))));
      return { ...info, checksum: { algorithm: 'crc32', hex } };
    },
    settle: async (key) => void settled.push(key),
  };
  return { store, settled };
}

describe('a checksum that the store keeps', () => {
  it.each([100, 5 * PART + 1])('is that of what was sent, for %d bytes', async (bytes) => {
    const { store, settled } = keepingChecksums();
    expect(await put(store, bytesOf(bytes))).toMatchObject({ storedBytes: bytes });
    expect(settled).toEqual([KEY]);
  });

  it.each([100, 5 * PART + 1])('betrays one flipped bit in %d bytes, and nothing stays', async (bytes) => {
    const { store, settled } = keepingChecksums((body) => {
      const damaged = Buffer.from(body);
      damaged[50] = (damaged[50] ?? 0) ^ 1;
      return damaged;
    });
    await expect(put(store, bytesOf(bytes))).rejects.toMatchObject({
      code: 'MISMATCH',
      message: expect.stringMatching(/its crc32 there is [0-9a-f]{8}, and [0-9a-f]{8} was sent/),
    });
    expect(await store.head(KEY)).toBeUndefined();
    expect(settled).toEqual([]);
  });
});

it('does not end well when tags or a lock could not be set', async () => {
  const { store } = keepingChecksums();
  const failure = new Error('not locked');
  const settle = () => Promise.reject(failure);
  await expect(put({ ...store, settle }, bytesOf(3 * PART))).rejects.toBe(failure);
});
