import type { ObjectStore, Upload } from '../../src/store/object-store.ts';
import { createNoteKey, encodeNote } from '../../src/transfer/upload-note.ts';
import { readWriter } from '../../src/transfer/writer.ts';

/** Leaves an upload open, with its note, as a run that was killed does. */
export async function leaveUpload(store: ObjectStore, prefix: string, key: string): Promise<Upload> {
  const upload = await store.startUpload(key);
  await upload.putPart(1, Buffer.alloc(1000));
  const writer = { ...(await readWriter()), pid: 4_194_303 };
  const schedule = [{ firstPart: 1, bytes: 1000 }];
  const note = encodeNote({ key, uploadId: upload.uploadId, metadata: {}, schedule, writer });
  await store.put(createNoteKey(prefix, key), note);
  return upload;
}
