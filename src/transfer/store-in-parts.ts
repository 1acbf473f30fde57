import { StoreError } from '../errors.ts';
import type { Upload } from '../store/object-store.ts';
import type { Part } from '../stream/parts.ts';
import { asReason } from './as-reason.ts';
import { completeUpload } from './complete-upload.ts';
import { delayedAbort } from './delayed-abort.ts';
import { multipartEtag } from './etag.ts';
import { createLostStarts, type LostStarts } from './lost-starts.ts';
import { forgetClosedUpload, forgetUpload, leaveUpload, lookForOthers, noteUpload } from './noted-upload.ts';
import type { ResumableUpload } from './open-upload.ts';
import { checkParts, type KnownParts, REQUEST_GRACE_MS, type SentParts, sendParts } from './send-parts.ts';
import {
  alreadyThere,
  COMPLETE_GRACE_MS,
  isTaken,
  refuseExisting,
  type Stored,
  type Storing,
  settle,
} from './storing.ts';
import { startUploading } from './writer.ts';

/** Stores parts as they come, completes only after the last one, and checks the result. */
export async function storeInParts(storing: Storing, parts: AsyncIterable<Part>): Promise<Stored> {
  await refuseExisting(storing);
  if (storing.resume) return goOn(storing, storing.resume, parts);
  if (storing.resume === undefined) await lookForOthers(storing);
  const lost = createLostStarts(storing);
  try {
    await noteUpload(storing);
    const upload = await startUpload(storing, lost).catch(async (error: unknown) => {
      await forgetUpload(storing);
      throw error;
    });
    await lost.find(upload);
    return await fillUpload(storing, upload, parts);
  } finally {
    await lost.drop();
  }
}

async function goOn(
  storing: Storing,
  { upload, parts: known }: ResumableUpload,
  parts: AsyncIterable<Part>,
): Promise<Stored> {
  const { key, logger } = storing;
  const { uploadId, startedAt } = upload;
  logger.info(
    { key, uploadId },
    `${key}: going on with the upload of ${startedAt.toISOString()}, of which ${known.size} parts are there`,
  );
  return fillUpload(storing, upload, parts, known);
}

async function fillUpload(
  storing: Storing,
  upload: Upload,
  parts: AsyncIterable<Part>,
  known?: KnownParts,
): Promise<Stored> {
  const ended = startUploading(upload);
  try {
    return await sendAndComplete(storing, upload, parts, known);
  } finally {
    ended();
  }
}

async function sendAndComplete(
  storing: Storing,
  upload: Upload,
  parts: AsyncIterable<Part>,
  known: KnownParts | undefined,
): Promise<Stored> {
  const { sending, signal } = storing;
  const sent = await sendAll(storing, upload, parts, known).catch(async (error: unknown) => {
    sending.stop.abort(asReason(error));
    await leaveUpload(storing, upload, error);
    throw error;
  });
  const late = delayedAbort(signal, COMPLETE_GRACE_MS);
  try {
    const info = await completeUpload({
      ...storing,
      upload,
      parts: sent.parts,
      bytes: storing.readBytes(),
      etag: sent.etagsAreDigests ? multipartEtag(sent.parts) : undefined,
      ifAbsent: storing.ifExists === 'fail',
      retry: sending.retry,
      signal: late.signal,
    });
    await settle(storing, late.signal);
    await forgetUpload(storing);
    return { info, digests: sent.digests };
  } catch (error) {
    await forgetClosedUpload(storing, upload);
    throw isTaken(error) ? alreadyThere(storing) : error;
  } finally {
    late.dispose();
  }
}

/** All that must be well before Complete. */
async function sendAll(
  storing: Storing,
  upload: Upload,
  parts: AsyncIterable<Part>,
  known: KnownParts | undefined,
): Promise<SentParts> {
  const { sending } = storing;
  await noteUpload(storing, upload);
  const sent = await sendParts(upload, parts, sending, known);
  const isResumed = known !== undefined;
  await checkParts(upload, sent, { sending, readBytes: storing.readBytes(), isResumed });
  await refuseExisting(storing);
  sending.stop.signal.throwIfAborted();
  return sent;
}

async function startUpload(
  { store, key, attributes, sending }: Storing,
  { watch }: LostStarts,
): Promise<Upload> {
  const { signal } = sending.stop;
  const late = delayedAbort(signal, REQUEST_GRACE_MS);
  const attempt = () =>
    watch(async () => requireId(await store.startUpload(key, { ...attributes, signal: late.signal })));
  try {
    return await sending.retry('start upload', attempt, { signal });
  } finally {
    late.dispose();
  }
}

/** A part sent without an upload ID would become a whole object under the key. */
function requireId<T extends { readonly uploadId: string; readonly key: string }>(upload: T): T {
  if (upload.uploadId) return upload;
  throw new StoreError(
    'STORE_FAILED',
    `The store started an upload of ${upload.key} without telling its ID`,
    {
      operation: 'start upload',
      key: upload.key,
      retryable: true,
    },
  );
}
