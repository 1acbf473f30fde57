import { createHash, randomBytes } from 'node:crypto';
import { closeSync, rmSync, writeSync } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BodyDigests, ObjectStore } from '../../src/store/object-store.ts';
import type { DescriptorSource } from '../../src/stream/descriptor-source.ts';
import { upload } from '../../src/transfer/upload.ts';
import { makePipe, temporaryFolder } from '../stream/fixtures.ts';
import { instantSleep, KEY, leftovers, NOTHING, producer, readObject } from './bytes.ts';
import { createMemoryStore, KIB, SMALL_LIMITS } from './memory-store.ts';

const PART = 4 * KIB;
const { sleep } = instantSleep();

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Notes the digests that come with each body, and whether they are right. */
function createNotingStore(wantedDigests: ObjectStore['wantedDigests']) {
  const store = createMemoryStore();
  const noted: Array<readonly string[]> = [];
  const note = (body: Uint8Array, call: BodyDigests = {}) => {
    const names = (['sha256', 'md5', 'crc32'] as const).filter((name) => call[name] !== undefined);
    noted.push(names.map((name) => `${name} ${call[name] === digestOf(name, body) ? 'right' : 'wrong'}`));
  };
  const noting: ObjectStore = {
    ...store,
    ...(wantedDigests && { wantedDigests }),
    put: (key, body, call) => {
      if (key === KEY) note(body, call);
      return store.put(key, body, call);
    },
    startUpload: async (key, call) => {
      const started = await store.startUpload(key, call);
      return {
        ...started,
        putPart: (number, body, call) => {
          note(body, call);
          return started.putPart(number, body, call);
        },
      };
    },
  };
  return { store: noting, noted };
}

function digestOf(name: 'sha256' | 'md5' | 'crc32', body: Uint8Array): string {
  if (name === 'crc32') return crc32(body).toString(16).padStart(8, '0');
  return createHash(name).update(body).digest('hex');
}

async function descriptorOf(body: Uint8Array): Promise<DescriptorSource & AsyncDisposable> {
  await writeFile(join(folder, 'body'), body);
  const file = await open(join(folder, 'body'));
  return { fd: file.fd, [Symbol.asyncDispose]: () => file.close() };
}

describe('upload', () => {
  it.each([1, PART - 1, PART, PART + 1, 9 * PART, 9 * PART + 1])(
    'of %i bytes from a descriptor',
    async (length) => {
      const body = randomBytes(length);
      const { store, noted } = createNotingStore(['sha256', 'crc32']);
      await using source = await descriptorOf(body);
      const result = await upload({ store, key: KEY, source, partBytes: PART, sleep });
      expect(result).toMatchObject({ storedBytes: length, parts: Math.ceil(length / PART) });
      expect((await readObject(store)).equals(body)).toBe(true);
      expect(noted).toEqual(Array(result.parts).fill(['sha256 right', 'crc32 right']));
    },
  );

  it.each([1, 3 * PART + 1])('hands the store the digests that it wants (%i bytes)', async (length) => {
    const { store, noted } = createNotingStore(['sha256', 'md5', 'crc32']);
    const { parts } = await upload({
      store,
      key: KEY,
      source: producer(randomBytes(length)),
      partBytes: PART,
      sleep,
    });
    expect(noted).toEqual(Array(parts).fill(['sha256 right', 'md5 right', 'crc32 right']));
  });

  it('takes no digest that nobody wants', async () => {
    const { store, noted } = createNotingStore(undefined);
    await upload({ store, key: KEY, source: producer(randomBytes(2 * PART)), partBytes: PART, sleep });
    await using source = await descriptorOf(randomBytes(2 * PART));
    await upload({ store, key: KEY, source, partBytes: PART, sleep, ifExists: 'replace' });
    expect(noted).toEqual([[], [], [], []]);
  });

  it('reads a descriptor within the memory, also where parts grow', async () => {
    const limits = { ...SMALL_LIMITS, maxParts: 40 };
    const store = createMemoryStore({ limits });
    const body = randomBytes(30 * PART);
    await using source = await descriptorOf(body);
    await upload({ store, key: KEY, source, partBytes: KIB, maxMemory: 4 * PART, sleep });
    expect((await readObject(store)).equals(body)).toBe(true);
  });

  it('does what is to be done meanwhile beside the reading, and stores nothing when it fails', async () => {
    const store = createMemoryStore();
    const { fd, writer } = await makePipe(folder);
    const failure = new Error('not allowed');
    const meanwhile = () => Promise.reject(failure);
    await expect(upload({ store, key: KEY, source: { fd }, partBytes: PART, sleep, meanwhile })).rejects.toBe(
      failure,
    );
    expect(await leftovers(store)).toEqual(NOTHING);
    expect(() => writeSync(writer, 'x')).toThrow('EPIPE');
    closeSync(writer);
  });

  it('does so too when that fails before it began, beside a source that fails as well', async () => {
    const store = createMemoryStore();
    const failure = new Error('not allowed');
    const meanwhile = () => {
      throw failure;
    };
    // It fails when nobody waits for it any more; unheard, that would fail the run of the tests.
    const source = producer(new Uint8Array(1), 1, new Error('the source failed'));
    await expect(upload({ store, key: KEY, source, sleep, meanwhile })).rejects.toBe(failure);
    await wait(20);
    expect(await leftovers(store)).toEqual(NOTHING);
  });

  it.each([undefined, null])('says that a source threw %s', async (thrown) => {
    const source = (async function* fail() {
      yield randomBytes(2 * PART + 1);
      throw thrown;
    })();
    const ended = upload({ store: createMemoryStore(), key: KEY, source, partBytes: PART, sleep });
    await expect(ended).rejects.toMatchObject({ message: `The source threw ${thrown} instead of an Error` });
  });

  it.each(['meanwhile', 'onProgress'])('says that %s threw nothing', async (name) => {
    const fail = () => {
      throw undefined;
    };
    const source = producer(randomBytes(2 * PART + 1));
    const options = { store: createMemoryStore(), key: KEY, source, partBytes: PART, sleep };
    await expect(upload({ ...options, [name]: fail })).rejects.toThrow('threw undefined instead of an Error');
  });

  it('ends at once when it is interrupted while a pipe is silent', async () => {
    const store = createMemoryStore();
    const { fd, writer } = await makePipe(folder);
    const controller = new AbortController();
    const reason = new Error('enough');
    const { signal } = controller;
    const ended = expect(
      upload({ store, key: KEY, source: { fd }, partBytes: PART, sleep, signal }),
    ).rejects.toBe(reason);
    writeSync(writer, randomBytes(2 * PART + 1));
    await wait(50);
    controller.abort(reason);
    await ended;
    expect(await leftovers(store)).toEqual(NOTHING);
    closeSync(writer);
  });

  it('fails when nothing comes out of the descriptor', async () => {
    const { fd, writer } = await makePipe(folder);
    closeSync(writer);
    const store = createMemoryStore();
    await expect(upload({ store, key: KEY, source: { fd }, partBytes: PART, sleep })).rejects.toMatchObject({
      code: 'EMPTY_STREAM',
    });
  });
});
