import { createHash, randomBytes } from 'node:crypto';
import { StoreError } from '../errors.ts';
import type { CallOptions, Metadata, ObjectStore } from '../store/object-store.ts';
import { gather } from '../stream/gather.ts';
import { decodeSchedule, type PartSchedule } from './part-schedule.ts';
import type { Writer } from './writer.ts';

/**
 * What a store does not tell of an open upload, kept in a small object beside it: whether a later run may go on with
 * it, and whether somebody still does. It is a hint: without one an upload is left alone (docs/decisions.md).
 */
export interface UploadNote {
  readonly key: string;
  /** `undefined` in the note that is left before the upload is started. */
  readonly uploadId: string | undefined;
  /** What the finished object will carry. */
  readonly metadata: Metadata;
  /** How the stream is split. */
  readonly schedule: PartSchedule;
  readonly writer: Writer;
}

const VERSION = 1;

/** A note as it stands in the store. */
export interface StoredNote {
  readonly noteKey: string;
  readonly note: UploadNote;
}

/** Where a run leaves its note: under the prefix, where no backup's name can begin with a dot. */
export function createNoteKey(prefix: string, key: string): string {
  return `${notesOf(prefix, key)}${randomBytes(8).toString('hex')}.json`;
}

function notesFolder(prefix: string): string {
  return `${prefix}.uploads/`;
}

function notesOf(prefix: string, key: string): string {
  return `${notesFolder(prefix)}${createHash('sha256').update(key).digest('hex').slice(0, 32)}-`;
}

export function encodeNote(note: UploadNote): Uint8Array {
  return Buffer.from(`${JSON.stringify({ version: VERSION, ...note }, null, 1)}\n`);
}

/** `undefined` for a note that is torn, of a newer version or, where one is given, of another key. */
export function decodeNote(body: Uint8Array, of?: string): UploadNote | undefined {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return undefined;
  }
  if (!isRecord(value) || value['version'] !== VERSION) return undefined;
  const { uploadId, key } = value;
  if (typeof key !== 'string' || (of !== undefined && key !== of)) return undefined;
  if (uploadId !== undefined && typeof uploadId !== 'string') return undefined;
  const metadata = decodeMetadata(value['metadata']);
  const writer = decodeWriter(value['writer']);
  const schedule = decodeSchedule(value['schedule']);
  return metadata && writer && schedule ? { key, uploadId, metadata, schedule, writer } : undefined;
}

function decodeMetadata(value: unknown): Metadata | undefined {
  if (!isRecord(value)) return undefined;
  const entries = Object.entries(value);
  if (!entries.every((entry): entry is [string, string] => typeof entry[1] === 'string')) return undefined;
  return Object.fromEntries(entries);
}

function decodeWriter(value: unknown): Writer | undefined {
  if (!isRecord(value)) return undefined;
  const { host, boot, pid, started, thread } = value;
  if (typeof host !== 'string' || typeof boot !== 'string' || typeof started !== 'string') return undefined;
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) return undefined;
  return { host, boot, pid, started, ...(typeof thread === 'number' ? { thread } : {}) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Any body beyond this is no note. */
const MAX_NOTE_BYTES = 64 * 1024;

/** All notes of a key; none where they cannot be read. */
export async function readNotes(
  store: ObjectStore,
  key: string,
  signal: AbortSignal | undefined,
): Promise<readonly StoredNote[]> {
  const call = signal ? { signal } : {};
  const notes: StoredNote[] = [];
  try {
    for await (const { key: noteKey, bytes } of store.list(notesOf(store.prefix, key), call)) {
      if (bytes > MAX_NOTE_BYTES) continue;
      const note = decodeNote(await readBody(store, noteKey, call), key);
      if (note) notes.push({ noteKey, note });
    }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
  }
  return notes;
}

/** Whatever lies where notes lie. */
export interface FoundNote {
  readonly noteKey: string;
  readonly modifiedAt: Date;
  /** `undefined` where it is no note that this version can read. */
  readonly note: UploadNote | undefined;
}

/** The notes of all keys; one that goes away meanwhile is left out. Throws where they cannot be read. */
export async function readAllNotes(store: ObjectStore, call: CallOptions): Promise<readonly FoundNote[]> {
  const found: FoundNote[] = [];
  for await (const { key: noteKey, bytes, modifiedAt } of store.list(notesFolder(store.prefix), call)) {
    try {
      const note = bytes > MAX_NOTE_BYTES ? undefined : decodeNote(await readBody(store, noteKey, call));
      found.push({ noteKey, modifiedAt, note });
    } catch (error) {
      if (!(error instanceof StoreError && error.code === 'NO_SUCH_KEY')) throw error;
    }
  }
  return found;
}

async function readBody(store: ObjectStore, key: string, call: CallOptions): Promise<Uint8Array> {
  const { chunks } = await store.get(key, call);
  return gather(chunks);
}

/** Who may not write it loses the resuming, not the backup. */
export async function writeNote(
  store: ObjectStore,
  { noteKey, note }: StoredNote,
  signal: AbortSignal,
): Promise<boolean> {
  return tolerate(store.put(noteKey, encodeNote(note), { signal, beside: true }));
}

export async function dropNote(store: ObjectStore, noteKey: string, signal?: AbortSignal): Promise<boolean> {
  return tolerate(store.remove(noteKey, signal ? { signal } : {}));
}

async function tolerate(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (error instanceof StoreError) return false;
    throw error;
  }
}
