import { StoreError, Zfs3BackupError } from '../errors.ts';
import type { ObjectInfo, StoredPart, Upload } from '../store/object-store.ts';
import { type Backoff, isRetryable } from '../store/retry.ts';
import { wholeChecksum } from '../store/whole-checksum.ts';
import { abortUpload, howToDrop } from './abort-upload.ts';
import { type CheckOptions, checkStored, findMismatch } from './check-stored.ts';
import { lookAt } from './look-at.ts';

/** Putting thousands of parts together may go on for minutes after the connection was lost. */
const LOOK_AFTER_MS = [0, 2_000, 8_000, 20_000, 60_000];

export interface Completion extends CheckOptions {
  readonly upload: Upload;
  readonly parts: readonly StoredPart[];
  readonly bytes: number;
  /** The ETag that the object must have, where it can be computed. */
  readonly etag: string | undefined;
  /** Refuse to replace an object, where the store can. */
  readonly ifAbsent: boolean;
  readonly backoff: Backoff;
}

/**
 * Makes the object visible and checks it. After a Complete that failed, the store is looked at before anything
 * else happens: the object may be there. The upload is dropped only when the store refused in so many words, every
 * time; aborting behind a Complete that is still at work destroys data on some stores, and so does a second one.
 * Whether the outcome is unknown, `isOutcomeUnknown` tells of the error.
 */
export async function completeUpload(completion: Completion): Promise<ObjectInfo> {
  const { upload, bytes, etag, backoff, signal } = completion;
  let silences = 0;
  for (let failures = 1; ; failures += 1) {
    const outcome = await tryComplete(completion);
    if ('confirmedEtag' in outcome) {
      const checksum = wholeChecksum(completion.parts);
      return checkStored({ bytes, etag, confirmedEtag: outcome.confirmedEtag, checksum }, completion);
    }
    const { failure } = outcome;
    const answered = isAnswered(failure);
    if (!answered) silences += 1;
    const { info, open } = await lookAround(completion, failure);
    if (info) return info;
    if (answered && silences === 0 && !isRetryable(failure)) {
      if (open !== false) await abortUpload(upload, { ...completion, interrupted: signal.aborted });
      throw failure;
    }
    if (open !== true || silences > 1) throw unknownOutcome(completion, failure);
    try {
      await backoff('complete', failure, failures, { signal });
    } catch (error) {
      if (silences > 0) throw unknownOutcome(completion, error);
      await abortUpload(upload, { ...completion, interrupted: signal.aborted });
      throw error;
    }
  }
}

type Outcome = { readonly confirmedEtag: string | undefined } | { readonly failure: unknown };

async function tryComplete({ upload, parts, ifAbsent, signal }: Completion): Promise<Outcome> {
  try {
    const { etag } = await upload.complete(parts, { signal, ifAbsent });
    return { confirmedEtag: etag };
  } catch (failure) {
    return { failure };
  }
}

/** Whether the store itself said no, so that nothing goes on behind our back. */
function isAnswered(failure: unknown): failure is StoreError {
  return failure instanceof StoreError && failure.settled;
}

interface Sight {
  /** The object, when it is surely this upload's. */
  readonly info?: ObjectInfo;
  /** Whether the upload is still listed; `undefined` when that could not be asked. */
  readonly open: boolean | undefined;
}

async function lookAround(completion: Completion, failure: unknown): Promise<Sight> {
  const { sleep, signal } = completion;
  const answered = isAnswered(failure);
  let sight: Sight = { open: undefined };
  for (const delayMs of LOOK_AFTER_MS) {
    try {
      if (delayMs > 0) await sleep(delayMs, { signal });
      sight = await lookOnce(completion, failure);
    } catch (error) {
      completion.logger.debug({ key: completion.key, error: String(error) }, 'could not look for the object');
      return { open: undefined };
    }
    if (sight.info || (answered && sight.open !== undefined)) return sight;
  }
  return sight;
}

/**
 * An object that is the very same to the byte may be an older one, or another run's: ours is the one whose upload is
 * gone. Who may not list uploads has the ETag, unless the store said no.
 */
async function lookOnce(completion: Completion, failure: unknown): Promise<Sight> {
  const { store, key, upload, parts, retry, signal, bytes, etag } = completion;
  const call = { signal };
  const info = await retry('head', () => lookAt(store, key, call), call);
  const uploads = await retry('list uploads', () => store.openUploads(key, call), call).catch(
    () => undefined,
  );
  const answered = isAnswered(failure);
  // A listing may be behind the times.
  const isGone = answered && failure.storeCode === 'NoSuchUpload';
  const open = isGone ? false : uploads?.some(({ uploadId }) => uploadId === upload.uploadId);
  const expected = { bytes, etag, confirmedEtag: undefined, checksum: wholeChecksum(parts) };
  if (!info || findMismatch(info, expected)) return { open };
  const isProven = !answered && etag !== undefined && info.etag === etag;
  return open === false || (open === undefined && isProven) ? { info, open } : { open };
}

/** Errors behind which the object may be there all the same. */
const unknown = new WeakSet<Zfs3BackupError>();

/** Whether nobody knows what became of the upload: an interrupt must not hide that. */
export function isOutcomeUnknown(error: unknown): error is Zfs3BackupError {
  return error instanceof Zfs3BackupError && unknown.has(error);
}

function unknownOutcome(completion: Completion, cause: unknown): Zfs3BackupError {
  const error = sayUnknown(completion, cause);
  unknown.add(error);
  return error;
}

function sayUnknown({ key, store, upload, logger }: Completion, cause: unknown): Zfs3BackupError {
  const { uploadId } = upload;
  logger.warn(
    { key, uploadId, store: store.url },
    `the upload ${uploadId} of ${key} may have been completed, or be at it still: look whether ${key} is in ${store.url} first, and drop it only if it is not`,
  );
  const what = cause instanceof Error ? cause.message : String(cause);
  const message = `${key}: it is not known whether the upload was completed: ${what}`;
  const details = {
    cause,
    advice:
      `Look whether ${key} is in ${store.url} before you run it again. ` +
      `If it is not there: ${howToDrop(store.url, key, upload.uploadId)}`,
  };
  if (cause instanceof StoreError) return new StoreError(cause.code, message, cause, details);
  return new Zfs3BackupError('STORE_FAILED', message, details);
}
