import { StoreError } from '../errors.ts';
import type { Upload } from '../store/object-store.ts';
import { abortUpload, warnLeftOpen } from './abort-upload.ts';
import { findOpenUpload } from './open-upload.ts';
import type { Storing } from './storing.ts';
import { dropNote, writeNote } from './upload-note.ts';
import { readWriter } from './writer.ts';

/** An interrupted command does not wait longer for it. */
const DEADLINE_MS = 10_000;

/** A person who interrupted does not wait longer. */
const INTERRUPTED_DEADLINE_MS = 1_000;

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

/** When nothing is left that it tells of. Never throws: what was done is done, and a note that stays is only a hint. */
export async function forgetUpload({ store, noteKey, signal, logger }: Storing): Promise<void> {
  const deadline = AbortSignal.timeout(signal?.aborted ? INTERRUPTED_DEADLINE_MS : DEADLINE_MS);
  try {
    await dropNote(store, noteKey, deadline);
  } catch (error) {
    logger.debug({ noteKey, error: String(error) }, 'the note beside the upload could not be removed');
  }
}

/** After a Complete that failed: whose upload is still open, or may be, is of use to a later run. */
export async function forgetClosedUpload(storing: Storing, { key, uploadId }: Upload): Promise<void> {
  const { store, signal } = storing;
  // Who interrupted has waited for Complete already, and the next run drops the note.
  if (signal?.aborted) return;
  // Who may not list cannot know: the note is a hint, and stays.
  const call = { signal: AbortSignal.timeout(DEADLINE_MS) };
  const open = await store.openUploads(key, call).catch(() => undefined);
  if (open && !open.some((upload) => upload.uploadId === uploadId)) await forgetUpload(storing);
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
