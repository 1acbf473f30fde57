import { StoreError } from '../errors.ts';
import type { Upload } from '../store/object-store.ts';
import { abortUpload, warnLeftOpen } from './abort-upload.ts';
import { findOpenUpload } from './open-upload.ts';
import type { Storing } from './store-body.ts';
import { dropNote, writeNote } from './upload-note.ts';
import { readWriter } from './writer.ts';

/** An interrupted command does not wait longer for it. */
const NOTE_DEADLINE_MS = 1_000;

/** Whoever comes to a key while another is at it finds out before a part is sent. */
export async function lookForOthers({
  store,
  key,
  attributes,
  sending,
  force,
  logger,
}: Storing): Promise<void> {
  const { signal } = sending.stop;
  const metadata = attributes.metadata ?? {};
  try {
    await findOpenUpload({ store, key, metadata, resume: false, force, logger, signal });
  } catch (error) {
    // who may not list uploads can store all the same
    if (!(error instanceof StoreError)) throw error;
    logger.debug({ key, error: error.message }, 'open uploads could not be looked at');
  }
}

/** Leaves beside an upload what a later run has to know; also who is at it now. Before it is started, without it. */
export async function noteUpload(storing: Storing, upload?: Upload): Promise<void> {
  const { store, key, attributes, schedule, noteKey, sending, logger } = storing;
  const metadata = attributes.metadata ?? {};
  const note = { key, uploadId: upload?.uploadId, metadata, schedule, writer: await readWriter() };
  if (await writeNote(store, { noteKey, note }, sending.stop.signal)) return;
  logger.debug({ key, noteKey }, 'no note could be left beside the upload: it cannot be resumed');
}

/** When nothing is left that it tells of. */
export async function forgetUpload({ store, noteKey }: Storing): Promise<void> {
  await dropNote(store, noteKey, AbortSignal.timeout(NOTE_DEADLINE_MS));
}

/** After a failure: drops what was sent; or keeps it, where that was wanted and a later run can go on with it. */
export async function leaveUpload(storing: Storing, upload: Upload, error: unknown): Promise<void> {
  const { store, signal, sending, logger } = storing;
  const interrupted = signal?.aborted === true;
  if (storing.keep && (interrupted || isStoreAway(error))) {
    warnLeftOpen(upload, store, logger, 'is kept, and running the same again goes on with it');
    return;
  }
  await abortUpload(upload, { store, logger, retry: sending.retry, interrupted });
  await forgetUpload(storing);
}

/** The store may come back, and its parts are there then. */
function isStoreAway(error: unknown): boolean {
  return error instanceof StoreError && error.retryable;
}
