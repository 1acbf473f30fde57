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
  const uploads = open.map((upload) => ({
    upload,
    note:
      notes.find(({ note }) => note?.uploadId === upload.uploadId) ??
      notes.find(({ note }) => note?.key === upload.key && note.uploadId === undefined),
  }));
  return { uploads, notes };
}

async function withWriter(found: FoundNote): Promise<NoteInStore> {
  const isAlive = found.note && (await readIsAlive(found.note.writer));
  return { ...found, writer: isAlive === undefined ? 'unknown' : isAlive ? 'alive' : 'dead' };
}
