import { StoreError } from '../errors.ts';
import type { WriterState } from '../lineage/plan-cleanup.ts';
import type { CallOptions, ObjectStore, OpenUpload } from '../store/object-store.ts';
import { type FoundNote, readAllNotes } from '../transfer/upload-note.ts';
import { readIsAlive } from '../transfer/writer.ts';

/** An open upload and what was left beside it. */
export interface NotedUpload {
  readonly upload: OpenUpload;
  readonly note: NoteInStore | undefined;
}

export interface NoteInStore extends FoundNote {
  readonly writer: WriterState;
}

export interface FoundUploads {
  /** Oldest first. */
  readonly uploads: readonly NotedUpload[];
  /** Of all keys, also those of uploads that are gone or not started yet. */
  readonly notes: readonly NoteInStore[];
}

/** Open uploads under a prefix, and all notes. Throws where they cannot be listed: who deletes must know of them. */
export async function readUploads(
  store: ObjectStore,
  prefix: string,
  call: CallOptions,
): Promise<FoundUploads> {
  const open = await store.openUploads(prefix, call);
  const notes = await Promise.all((await readAllNotes(store, call)).map(withWriter));
  return { uploads: open.map((upload) => ({ upload, note: noteOf(upload, notes) })), notes };
}

export interface UploadsElsewhere {
  readonly uploads: readonly NotedUpload[];
  /** Keys whose uploads these credentials may not list. */
  readonly hidden: ReadonlySet<string>;
}

/**
 * The open uploads that notes tell of and that are not under the prefix: keys of `pput` are whole keys. Others' uploads
 * there are none of our business. A request for each such key.
 */
export async function readUploadsElsewhere(
  store: ObjectStore,
  prefix: string,
  notes: readonly NoteInStore[],
  call: CallOptions,
): Promise<UploadsElsewhere> {
  const uploads: NotedUpload[] = [];
  const hidden = new Set<string>();
  const keys = new Set(notes.flatMap(({ note }) => note?.key ?? []).filter((key) => !key.startsWith(prefix)));
  for (const key of keys) {
    try {
      const open = (await store.openUploads(key, call)).filter((upload) => upload.key === key);
      const noted = open.map((upload) => ({ upload, note: noteOf(upload, notes) }));
      uploads.push(...noted.filter(({ note }) => note !== undefined));
    } catch (error) {
      if (!isDenied(error)) throw error;
      hidden.add(key);
    }
  }
  return { uploads, hidden };
}

export function isDenied(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'STORE_DENIED';
}

function noteOf({ key, uploadId }: OpenUpload, notes: readonly NoteInStore[]): NoteInStore | undefined {
  return (
    notes.find(({ note }) => note?.uploadId === uploadId) ??
    notes.find(({ note }) => note?.key === key && note.uploadId === undefined)
  );
}

async function withWriter(found: FoundNote): Promise<NoteInStore> {
  const isAlive = found.note && (await readIsAlive(found.note.writer));
  return { ...found, writer: isAlive === undefined ? 'unknown' : isAlive ? 'alive' : 'dead' };
}
