import { createHash } from 'node:crypto';
import { StoreError } from '../errors.ts';
import type { Metadata, ObjectStore, Upload } from '../store/object-store.ts';
import { decodeSchedule, type PartSchedule } from './part-schedule.ts';
import type { Writer } from './writer.ts';

/**
 * What a store does not tell of an open upload, kept in a small object beside it: whether a later run may go on with
 * it, and whether somebody still does. It is a hint: without one an upload is left alone (docs/decisions.md).
 */
export interface UploadNote {
  readonly key: string;
  readonly uploadId: string;
  /** What the finished object will carry. */
  readonly metadata: Metadata;
  /** How the stream is split. */
  readonly schedule: PartSchedule;
  readonly writer: Writer;
}

const VERSION = 1;

/** Under the prefix, where no backup's name can begin with a dot. */
export function noteKey(prefix: string, { key, uploadId }: Pick<Upload, 'key' | 'uploadId'>): string {
  return `${prefix}.uploads/${digest(key).slice(0, 32)}-${digest(uploadId).slice(0, 16)}.json`;
}

export function encodeNote(note: UploadNote): Uint8Array {
  return Buffer.from(`${JSON.stringify({ version: VERSION, ...note }, null, 1)}\n`);
}

/** `undefined` for a note that is torn, of a newer version or of another upload. */
export function decodeNote(
  body: Uint8Array,
  { key, uploadId }: Pick<Upload, 'key' | 'uploadId'>,
): UploadNote | undefined {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return undefined;
  }
  if (!isRecord(value) || value['version'] !== VERSION) return undefined;
  if (value['key'] !== key || value['uploadId'] !== uploadId) return undefined;
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

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Any body beyond this is no note. */
const MAX_NOTE_BYTES = 64 * 1024;

export async function readNote(
  store: ObjectStore,
  upload: Upload,
  signal: AbortSignal | undefined,
): Promise<UploadNote | undefined> {
  const call = signal ? { signal } : {};
  try {
    const { bytes, chunks } = await store.get(noteKey(store.prefix, upload), call);
    if (bytes > MAX_NOTE_BYTES) return undefined;
    const pieces: Uint8Array[] = [];
    for await (const chunk of chunks) pieces.push(chunk);
    return decodeNote(Buffer.concat(pieces), upload);
  } catch (error) {
    if (error instanceof StoreError) return undefined;
    throw error;
  }
}

/** Who may not write it loses the resuming, not the backup. */
export async function writeNote(store: ObjectStore, note: UploadNote, signal: AbortSignal): Promise<boolean> {
  return tolerate(store.put(noteKey(store.prefix, note), encodeNote(note), { signal }));
}

export async function dropNote(store: ObjectStore, upload: Upload, signal?: AbortSignal): Promise<boolean> {
  return tolerate(store.remove(noteKey(store.prefix, upload), signal ? { signal } : {}));
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
