import { createHash, randomBytes } from 'node:crypto';
import { StoreError } from '../errors.ts';
import type { Metadata, ObjectStore } from '../store/object-store.ts';
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

function notesOf(prefix: string, key: string): string {
  return `${prefix}.uploads/${createHash('sha256').update(key).digest('hex').slice(0, 32)}-`;
}

export function encodeNote(note: UploadNote): Uint8Array {
  return Buffer.from(`${JSON.stringify({ version: VERSION, ...note }, null, 1)}\n`);
}

/** `undefined` for a note that is torn, of a newer version or of another key. */
export function decodeNote(body: Uint8Array, key: string): UploadNote | undefined {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return undefined;
  }
  if (!isRecord(value) || value['version'] !== VERSION || value['key'] !== key) return undefined;
  const { uploadId } = value;
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
  const { host, boot, pid, started } = value;
  if (typeof host !== 'string' || typeof boot !== 'string' || typeof started !== 'string') return undefined;
  return typeof pid === 'number' && Number.isSafeInteger(pid) && pid > 0
    ? { host, boot, pid, started }
    : undefined;
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
      const { chunks } = await store.get(noteKey, call);
      const pieces: Uint8Array[] = [];
      for await (const chunk of chunks) pieces.push(Buffer.from(chunk));
      const note = decodeNote(Buffer.concat(pieces), key);
      if (note) notes.push({ noteKey, note });
    }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
  }
  return notes;
}

/** Who may not write it loses the resuming, not the backup. */
export async function writeNote(
  store: ObjectStore,
  { noteKey, note }: StoredNote,
  signal: AbortSignal,
): Promise<boolean> {
  return tolerate(store.put(noteKey, encodeNote(note), { signal }));
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
