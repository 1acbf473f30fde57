import { StoreError, Zfs3BackupError } from '../errors.ts';
import type { RecordedPart } from '../lineage/record.ts';
import type { Logger } from '../logger.ts';
import type {
  BodyDigests,
  ObjectAttributes,
  ObjectInfo,
  ObjectStore,
  Upload,
} from '../store/object-store.ts';
import type { Part } from '../stream/parts.ts';
import { checkStored, findMismatch } from './check-stored.ts';
import { completeUpload } from './complete-upload.ts';
import { delayedAbort } from './delayed-abort.ts';
import { multipartEtag } from './etag.ts';
import { lookAt } from './look-at.ts';
import { createLostStarts, type LostStarts } from './lost-starts.ts';
import { forgetClosedUpload, forgetUpload, leaveUpload, lookForOthers, noteUpload } from './noted-upload.ts';
import type { ResumableUpload } from './open-upload.ts';
import { digestPart, withEtag } from './part-digests.ts';
import type { PartSchedule } from './part-schedule.ts';
import type { Backoff, Sleep } from './retry.ts';
import {
  checkParts,
  type KnownParts,
  REQUEST_GRACE_MS,
  type Sending,
  type SentParts,
  sendParts,
} from './send-parts.ts';

/** A Complete that is under way when the caller interrupts may end this much later: that leaves nothing unknown. */
const COMPLETE_GRACE_MS = 4_000;

/** One upload, with all that its steps share. */
export interface Storing {
  readonly store: ObjectStore;
  readonly key: string;
  readonly attributes: ObjectAttributes;
  readonly ifExists: 'fail' | 'replace';
  /** The caller's. */
  readonly signal: AbortSignal | undefined;
  readonly sending: Sending;
  readonly backoff: Backoff;
  readonly sleep: Sleep;
  readonly logger: Logger;
  /** Go on with this one; `null`: there is none; `undefined`: nobody has looked. */
  readonly resume: ResumableUpload | null | undefined;
  readonly schedule: PartSchedule;
  /** Where the note of this upload stands. */
  readonly noteKey: string;
  /** Do not refuse when another process seems to be at the key. */
  readonly force: boolean;
  /** Leave the upload open when interrupted or when the store is away. */
  readonly keep: boolean;
  /** Bytes that the source has yielded so far. */
  readBytes(): number;
}

/** What was stored, as the store tells it, and the digests of what was read. */
export interface Stored {
  readonly info: ObjectInfo;
  readonly digests: readonly RecordedPart[];
}

/** Stores a body whose end was seen by one request, and checks it. */
export async function storeWhole(
  storing: Storing,
  body: Uint8Array,
  digests: BodyDigests = {},
): Promise<Stored> {
  const { sending, signal } = storing;
  const etag = await putWhole(storing, body, digests);
  sending.tally.storedBytes += body.byteLength;
  sending.tally.parts += 1;
  sending.report();
  const late = delayedAbort(signal, COMPLETE_GRACE_MS);
  try {
    const expected = { bytes: storing.readBytes(), etag: undefined, confirmedEtag: etag, body };
    const info = await checkStored(expected, { ...storing, retry: sending.retry, signal: late.signal });
    await settle(storing, late.signal);
    const part = await digestPart({ number: 1, bytes: body, last: true, digests });
    return { info, digests: part ? [info.digest ? withEtag(part, info.digest.hex) : part] : [] };
  } finally {
    late.dispose();
  }
}

/** Where the store surely can, it looks for an object under the key by itself: for one request fewer. It is asked to in any case. */
async function putWhole(
  storing: Storing,
  body: Uint8Array,
  digests: BodyDigests,
): Promise<string | undefined> {
  const { store, key, attributes, sending, ifExists } = storing;
  const ifAbsent = ifExists === 'fail';
  if (store.canPutIfAbsent !== true) await refuseExisting(storing);
  const call = { signal: sending.stop.signal };
  let attempts = 0;
  const attempt = async () => {
    attempts += 1;
    try {
      const request = { ...attributes, ...digests, ...call, ...(ifAbsent && { ifAbsent }) };
      return (await store.put(key, body, request)).etag;
    } catch (error) {
      if (!ifAbsent || !isTaken(error)) throw error;
      // An attempt without an answer may have stored it.
      if (attempts > 1 && (await isThere(storing, body))) return undefined;
      throw alreadyThere(storing);
    }
  };
  return sending.retry('put', attempt, call);
}

function isTaken(error: unknown): boolean {
  return error instanceof StoreError && error.status === 412;
}

/** Whether the object is known to have these very bytes. */
async function isThere({ store, key, sending }: Storing, body: Uint8Array): Promise<boolean> {
  const info = await lookAt(store, key, { signal: sending.stop.signal });
  if (!info || !(info.digest ?? info.checksum)) return false;
  return (
    findMismatch(info, { bytes: body.byteLength, etag: undefined, confirmedEtag: undefined, body }) ===
    undefined
  );
}

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
  const { sending, signal } = storing;
  const sent = await sendAll(storing, upload, parts, known).catch(async (error: unknown) => {
    sending.stop.abort(error);
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
  await checkParts(upload, sent, sending, storing.readBytes());
  await refuseExisting(storing);
  sending.stop.signal.throwIfAborted();
  return sent;
}

/** Tags and locks that the store ignored; the object is whole already, so its error is told as such. */
async function settle({ store, key, sending }: Storing, signal: AbortSignal): Promise<void> {
  await sending.retry('settle', async () => store.settle?.(key, { signal }), { signal });
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

/** Not a lock: a store that two machines write to at once is looked at as late as possible. */
async function refuseExisting(storing: Storing): Promise<void> {
  const { store, key, ifExists, sending } = storing;
  if (ifExists === 'replace') return;
  const call = { signal: sending.stop.signal };
  if (await sending.retry('head', () => lookAt(store, key, call), call)) throw alreadyThere(storing);
}

function alreadyThere({ store, key }: Storing): Zfs3BackupError {
  return new Zfs3BackupError('BACKUP_EXISTS', `${key} is in ${store.url} already`, {
    advice:
      'What is stored is never replaced silently. Where another run stored it meanwhile, all is well: run it ' +
      'again and it goes on from there; otherwise choose another key.',
  });
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
