import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RecordedPart } from '../../src/lineage/record.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { findOpenUpload } from '../../src/transfer/open-upload.ts';
import { upload } from '../../src/transfer/upload.ts';
import { KEY, producer, readObject, temporaryDirectoryStore } from './bytes.ts';
import { createMemoryStore, KIB } from './memory-store.ts';

const PART = 4 * KIB;
const LENGTHS = [1, PART - 1, PART, PART + 1, 3 * PART + 5];

const crcOf = (bytes: Uint8Array) => crc32(bytes).toString(16).padStart(8, '0');

/** What must be recorded of a body in parts of `PART` bytes. */
function expected(body: Uint8Array, names: readonly ('md5' | 'sha256')[] = [], size = PART): RecordedPart[] {
  const starts = Array.from({ length: Math.ceil(body.byteLength / size) }, (_, n) => n * size);
  const parts = starts.map((start) => body.subarray(start, start + size));
  return parts.map((bytes, index) => ({
    ...{ number: index + 1, bytes: bytes.byteLength, crc32: crcOf(bytes) },
    ...Object.fromEntries(names.map((name) => [name, createHash(name).update(bytes).digest('hex')])),
  }));
}

async function descriptorOf(body: Uint8Array) {
  const folder = await mkdtemp(join(tmpdir(), 'digests-'));
  await writeFile(join(folder, 'body'), body);
  const file = await open(join(folder, 'body'));
  onTestFinished(async () => {
    await file.close();
    await rm(folder, { recursive: true });
  });
  return { fd: file.fd };
}

describe('an upload tells the digests of its parts', () => {
  const wanting: readonly (readonly [string, ObjectStore['wantedDigests'], ('md5' | 'sha256')[]])[] = [
    ['no digest', undefined, ['md5']],
    ['a digest of its own', ['sha256'], ['sha256', 'md5']],
  ];

  it.each(wanting)('to a store that wants %s', async (_, wantedDigests, names) => {
    for (const length of LENGTHS) {
      const body = randomBytes(length);
      for (const source of [producer(body), await descriptorOf(body)]) {
        const store: ObjectStore = { ...createMemoryStore(), ...(wantedDigests && { wantedDigests }) };
        const result = await upload({ store, key: KEY, source, partBytes: PART, partDigests: true });
        expect(result.partDigests).toEqual(expected(body, names));
        expect(result.crc32).toBe(crcOf(body));
        expect(result.storedAt).toBeInstanceOf(Date);
      }
    }
  });

  it('with the ones that the directory store keeps', async () => {
    const store = await temporaryDirectoryStore();
    const partBytes = 5 * 1024 * KIB;
    const body = randomBytes(2 * partBytes + 5);
    const result = await upload({
      store,
      key: KEY,
      source: producer(body, 64 * KIB),
      partBytes,
      partDigests: true,
    });
    expect(result.partDigests).toEqual(expected(body, ['sha256'], partBytes));
    expect(result.crc32).toBe(crcOf(body));
  });

  it('without what only looks like a digest', async () => {
    const store = createMemoryStore({ encrypted: true });
    for (const length of [1, 3 * PART]) {
      const body = randomBytes(length);
      const result = await upload({
        store,
        key: KEY,
        source: producer(body),
        partBytes: PART,
        ifExists: 'replace',
        partDigests: true,
      });
      expect(result.partDigests).toEqual(expected(body));
    }
  });

  it('only where somebody asks for them, unless the store wants the same', async () => {
    const body = randomBytes(PART + 1);
    const options = { key: KEY, source: producer(body), partBytes: PART };
    expect(await upload({ ...options, store: createMemoryStore() })).toMatchObject({
      partDigests: [],
      crc32: undefined,
    });
    const store: ObjectStore = { ...createMemoryStore(), wantedDigests: ['crc32'] };
    const result = await upload({ ...options, source: producer(body), store });
    expect(result.partDigests).toEqual(expected(body, ['md5']));
  });

  it('of an empty object too', async () => {
    const store = createMemoryStore();
    const result = await upload({
      store,
      key: KEY,
      source: producer(Buffer.alloc(0)),
      allowEmpty: true,
      partDigests: true,
    });
    expect(result.crc32).toBe('00000000');
    expect(result.partDigests).toMatchObject([{ number: 1, bytes: 0, crc32: '00000000' }]);
  });

  it('of parts that an earlier run had stored too', async () => {
    const store = createMemoryStore();
    const body = randomBytes(6 * PART);
    const killed = new AbortController();
    const half = (async function* kill() {
      yield* producer(body.subarray(0, 4 * PART));
      killed.abort(new Error('killed'));
      yield body;
    })();
    const options = { store, key: KEY, partBytes: PART, concurrency: 1, partDigests: true };
    await expect(
      upload({ ...options, source: half, signal: killed.signal, keepOnInterrupt: true }),
    ).rejects.toThrow('killed');
    const logger = { debug() {}, info() {}, warn() {} };
    const resume = await findOpenUpload({ store, key: KEY, metadata: {}, resume: true, force: true, logger });
    expect(resume?.parts.size).toBeGreaterThan(0);
    const result = await upload({ ...options, source: producer(body), resume });
    expect(result.skippedParts).toBe(resume?.parts.size);
    expect(result.partDigests).toEqual(expected(body, ['md5']));
    expect(result.crc32).toBe(crcOf(await readObject(store)));
  });
});
