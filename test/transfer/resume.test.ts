import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { findOpenUpload } from '../../src/transfer/open-upload.ts';
import { upload } from '../../src/transfer/upload.ts';
import { encodeNote, readNotes, type UploadNote } from '../../src/transfer/upload-note.ts';
import { createFaultStore } from './fault-store.ts';
import { createMemoryStore, KIB } from './memory-store.ts';

const KEY = 'p/tank/a@1';
const PART = 4 * KIB;
const metadata = { isfull: 'true', guid: '7' };
const logger = (warnings: string[] = []) => ({
  debug() {},
  info() {},
  warn: (_: object, message: string) => void warnings.push(message),
});

async function* chunked(body: Uint8Array, killAt = Number.POSITIVE_INFINITY, kill = () => {}) {
  for (let at = 0; at < body.byteLength; at += KIB) {
    if (at >= killAt) kill();
    yield body.subarray(at, at + KIB);
  }
}

async function changeNotes(store: ObjectStore, change: (note: UploadNote) => UploadNote | undefined) {
  const notes = await readNotes(store, KEY, undefined);
  expect(notes).toHaveLength(1);
  for (const { noteKey, note } of notes) {
    const changed = change(note);
    if (changed) await store.put(noteKey, encodeNote(changed));
    else await store.remove(noteKey);
  }
}

/** What kill −9 leaves: an upload that was neither completed nor aborted, its note, and no process. */
async function leaveOpen(
  store: ObjectStore,
  body: Uint8Array,
  after: number,
  change: Partial<{ host: string }> = {},
) {
  const killed = new AbortController();
  const source = chunked(body, after, () => killed.abort(new Error('killed')));
  const options = { store, key: KEY, source, partBytes: PART, concurrency: 1, metadata, logger: logger() };
  const uploading = upload({ ...options, signal: killed.signal, keepOnInterrupt: true });
  await expect(uploading).rejects.toThrow('killed');
  const [left] = await store.openUploads(KEY);
  if (!left) throw new Error('nothing is open');
  await changeNotes(store, (note) => ({ ...note, writer: { ...note.writer, pid: 4_194_303, ...change } }));
  return left;
}

const find = (store: ObjectStore, options: Partial<Parameters<typeof findOpenUpload>[0]> = {}) =>
  findOpenUpload({ store, key: KEY, metadata, resume: true, force: false, logger: logger(), ...options });

async function bytesOf(store: ObjectStore): Promise<Buffer> {
  const { chunks } = await store.get(KEY);
  const pieces: Uint8Array[] = [];
  for await (const chunk of chunks) pieces.push(chunk);
  return Buffer.concat(pieces);
}

describe('going on with an open upload', () => {
  it('is possible in the very process that left it, and not while that is at it', async () => {
    const store = createMemoryStore();
    const body = randomBytes(6 * PART);
    const abort = new AbortController();
    const options = { store, key: KEY, partBytes: PART, concurrency: 1, metadata, logger: logger() };
    async function* source() {
      yield* chunked(body.subarray(0, 4 * PART));
      await expect(find(store)).rejects.toMatchObject({ code: 'UPLOAD_IN_PROGRESS' });
      abort.abort(new Error('cancelled'));
    }
    const uploading = upload({ ...options, source: source(), signal: abort.signal, keepOnInterrupt: true });
    await expect(uploading).rejects.toThrow('cancelled');
    const resume = await find(store);
    expect(resume?.parts.size).toBeGreaterThan(1);
    const result = await upload({ ...options, source: chunked(body), resume });
    expect(result.skippedParts).toBe(resume?.parts.size);
    expect((await bytesOf(store)).equals(body)).toBe(true);
  });

  it('never sends a stored part twice, wherever the run before was killed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2 * PART + KIB, max: 12 * PART }),
        fc.double({ min: 0.2, max: 1, noNaN: true }),
        async (bytes, share) => {
          const store = createMemoryStore();
          const body = randomBytes(bytes);
          await leaveOpen(store, body, Math.max(PART + 1, Math.floor((bytes - KIB) * share)));
          const counting = createFaultStore(store);
          const resume = await find(counting);
          const known = resume?.parts.size ?? 0;
          const result = await upload({
            store: counting,
            key: KEY,
            source: chunked(body),
            partBytes: PART,
            metadata,
            resume: resume ?? null,
          });
          expect(result.skippedParts).toBe(known);
          expect(counting.count('startUpload')).toBe(0);
          expect(counting.calls.filter(({ operation }) => operation === 'putPart')).toHaveLength(
            Math.ceil(bytes / PART) - known,
          );
          expect(Buffer.compare(await bytesOf(store), body)).toBe(0);
          expect(await store.openUploads('')).toEqual([]);
          expect(await readNotes(store, KEY, undefined)).toEqual([]);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('sends again from the first part that differs', async () => {
    const store = createMemoryStore();
    const body = randomBytes(8 * PART);
    await leaveOpen(store, body, 6 * PART);
    const other = Buffer.from(body);
    other[2 * PART + 5] = (other[2 * PART + 5] ?? 0) ^ 1;
    const counting = createFaultStore(store);
    const result = await upload({
      store: counting,
      key: KEY,
      source: chunked(other),
      partBytes: PART,
      metadata,
      resume: (await find(counting)) ?? null,
    });
    expect(result.skippedParts).toBe(2);
    expect(
      counting.calls.filter(({ operation }) => operation === 'putPart').map(({ partNumber }) => partNumber),
    ).toEqual([3, 4, 5, 6, 7, 8]);
    expect(Buffer.compare(await bytesOf(store), other)).toBe(0);
  });

  it('keeps to the part sizes that it began with, whatever would be chosen now', async () => {
    const store = createMemoryStore();
    const body = randomBytes(8 * PART);
    await leaveOpen(store, body, 6 * PART);
    const resume = (await find(store)) ?? null;
    const result = await upload({
      store,
      key: KEY,
      source: chunked(body),
      partBytes: 3 * PART,
      metadata,
      resume,
    });
    expect(result.parts).toBe(8);
    expect(result.skippedParts).toBeGreaterThan(0);
  });
});

describe('a run that died between starting its upload and knowing its ID', () => {
  const die = async (host?: string) => {
    const store = createMemoryStore();
    await leaveOpen(store, randomBytes(4 * PART), PART + 1, host ? { host } : {});
    await changeNotes(store, (note) => ({ ...note, uploadId: undefined }));
    const [open] = await store.openUploads(KEY);
    await open?.abort();
    await store.startUpload(KEY);
    return store;
  };

  it('leaves nothing behind once the next one has looked', async () => {
    const store = await die();
    expect(await find(store)).toBeUndefined();
    expect(await store.openUploads(KEY)).toEqual([]);
    expect(await readNotes(store, KEY, undefined)).toEqual([]);
  });

  it('is not taken for dead from another machine', async () => {
    const store = await die('elsewhere');
    expect(await find(store)).toBeUndefined();
    expect(await store.openUploads(KEY)).toHaveLength(1);
  });
});

describe('an open upload is left alone and mentioned', () => {
  const mentioned = async (
    options: Partial<Parameters<typeof findOpenUpload>[0]>,
    prepare?: (store: ObjectStore) => Promise<void>,
  ) => {
    const store = createMemoryStore();
    await leaveOpen(store, randomBytes(4 * PART), 3 * PART);
    await prepare?.(store);
    const warnings: string[] = [];
    expect(await find(store, { logger: logger(warnings), ...options })).toBeUndefined();
    expect(await store.openUploads(KEY)).toHaveLength(1);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('abort-multipart-upload');
    return warnings[0];
  };

  it('when nobody asked to go on with it', async () => {
    expect(await mentioned({ resume: false })).toContain('--resume');
  });

  it('when it is for another snapshot of the same name', async () => {
    expect(await mentioned({ metadata: { ...metadata, guid: '8' } })).toContain('another object');
  });

  it('when its note is missing', async () => {
    const message = await mentioned({}, async (store) => {
      await changeNotes(store, () => undefined);
    });
    expect(message).toContain('another program');
  });

  it('when another one of the same has more parts', async () => {
    const store = createMemoryStore();
    const body = randomBytes(6 * PART);
    const longer = await leaveOpen(store, body, 5 * PART);
    const [note] = await readNotes(store, KEY, undefined);
    if (!note) throw new Error('there is no note');
    const { uploadId } = await store.startUpload(KEY, { metadata });
    await store.put(`${note.noteKey}-2`, encodeNote({ ...note.note, uploadId }));
    const warnings: string[] = [];
    const found = await find(store, { logger: logger(warnings) });
    expect(found?.upload.uploadId).toBe(longer.uploadId);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('not the one to go on with');
  });

  it('but not for another estimate of the same', async () => {
    const store = createMemoryStore();
    await leaveOpen(store, randomBytes(4 * PART), 3 * PART);
    expect(await find(store, { metadata: { ...metadata, size: '99' } })).toBeDefined();
  });
});

describe('two at once on one key', () => {
  it('the second is refused while the first runs, and force overrides', async () => {
    const store = createMemoryStore();
    let release = () => {};
    const waiting = new Promise<void>((resolve) => {
      release = resolve;
    });
    async function* slow() {
      yield randomBytes(2 * PART);
      await waiting;
      yield randomBytes(PART);
    }
    const first = upload({ store, key: KEY, source: slow(), partBytes: PART, metadata });
    await expect.poll(async () => (await store.openUploads(KEY)).length).toBe(1);
    await expect.poll(async () => (await readNotes(store, KEY, undefined))[0]?.note.uploadId).toBeDefined();
    const again = { store, key: KEY, partBytes: PART, metadata, logger: logger() };
    await expect(upload({ ...again, source: chunked(randomBytes(3 * PART)) })).rejects.toMatchObject({
      code: 'UPLOAD_IN_PROGRESS',
      message: expect.stringContaining(`process ${process.pid}`),
      advice: expect.stringContaining('--force'),
    });
    await expect(find(store)).rejects.toMatchObject({ code: 'UPLOAD_IN_PROGRESS' });
    await upload({ ...again, source: chunked(randomBytes(3 * PART)), force: true });
    release();
    await expect(first).rejects.toMatchObject({ code: 'BACKUP_EXISTS' });
  });

  it('another machine counts as busy while parts have come lately, and as gone after a while', async () => {
    const store = createMemoryStore();
    await leaveOpen(store, randomBytes(4 * PART), 3 * PART, { host: 'elsewhere' });
    await expect(find(store)).rejects.toMatchObject({
      code: 'UPLOAD_IN_PROGRESS',
      message: expect.stringContaining('elsewhere'),
    });
    expect(await find(store, { now: () => Date.now() + 11 * 60_000 })).toBeDefined();
  });
});

describe('an interrupt', () => {
  it.each([
    ['keeps the upload where that was wanted', true, 1],
    ['drops it otherwise', false, 0],
  ])('%s', async (_, keepOnInterrupt, left) => {
    const store = createMemoryStore();
    const stop = new AbortController();
    const warnings: string[] = [];
    async function* endless() {
      for (let n = 0; ; n++) {
        if (n === 5) stop.abort(new Error('SIGTERM'));
        yield randomBytes(PART);
      }
    }
    const { signal } = stop;
    await expect(
      upload({
        store,
        key: KEY,
        source: endless(),
        partBytes: PART,
        metadata,
        signal,
        keepOnInterrupt,
        logger: logger(warnings),
      }),
    ).rejects.toThrow('SIGTERM');
    expect(await store.openUploads(KEY)).toHaveLength(left);
    expect(warnings.join()).toContain(left ? 'goes on with it' : '');
  });
});
