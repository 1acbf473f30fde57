import { createCipheriv, createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createDirectoryStore } from '../../src/store/directory-store.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';

export const KEY = 'p/tank/data@daily 2026:01';

/** The same bytes for the same length and seed; neighbouring parts differ. */
export function bytesOf(length: number, seed = 1): Buffer {
  const key = createHash('sha256').update(String(seed)).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

/** A producer that writes `body` in pieces; with `error` it fails when all of it came. */
export async function* producer(body: Uint8Array, pieceBytes = 700, error?: Error) {
  for (let at = 0; at < body.byteLength; at += pieceBytes) yield body.subarray(at, at + pieceBytes);
  if (error) throw error;
}

export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

export async function readObject(store: ObjectStore, key = KEY): Promise<Buffer> {
  return collect((await store.get(key)).chunks);
}

/** What a failed upload must not leave behind. */
export async function leftovers(store: ObjectStore, key = KEY) {
  const uploads = await store.openUploads('');
  return { object: (await store.head(key)) !== undefined, uploads: uploads.length };
}

export const NOTHING = { object: false, uploads: 0 };

export async function temporaryDirectoryStore(): Promise<ObjectStore> {
  const path = await mkdtemp(join(tmpdir(), 'transfer-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return createDirectoryStore({ path, prefix: 'p/' });
}

/** Waiting takes no time in tests, but what was waited for is kept. */
export function instantSleep() {
  const delays: number[] = [];
  const sleep = async (ms: number, { signal }: { signal?: AbortSignal | undefined }) => {
    signal?.throwIfAborted();
    delays.push(ms);
  };
  return { sleep, delays };
}
