import { StoreError, Zfs3BackupError } from '../errors.ts';
import type { ObjectInfo, StoredPart, Upload } from '../store/object-store.ts';
import type { Backoff } from '../store/retry.ts';
import { wholeChecksum } from '../store/whole-checksum.ts';
import { abortUpload, howToDrop, warnLeftOpen } from './abort-upload.ts';
import { type CheckOptions, checkStored, findMismatch } from './check-stored.ts';
import { lookAt } from './look-at.ts';

/** Putting thousands of parts together may go on for minutes after the connection was lost. */
const LOOK_AFTER_MS = [0, 2_000, 8_000, 20_000, 60_000];

/** Answers of something between us and the store, or of its patience: the store may still be at work. */
const NO_ANSWER_OF_THE_STORE = [408, 499, 502, 504];

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
 * else happens: the object may be there. The upload is dropped only when the store refused in so many words;
 * aborting behind a Complete that is still at work destroys data on some stores, and so does a second one.
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
    const refused = isRefusal(failure);
    if (!refused) silences += 1;
    const { info, open } = await lookAround(completion, refused);
    if (info) return info;
    if (refused && silences === 0 && !(failure as StoreError).retryable) {
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
function isRefusal(failure: unknown): boolean {
  if (!(failure instanceof StoreError)) return false;
  if (!failure.retryable) return true;
  return failure.status !== undefined && !NO_ANSWER_OF_THE_STORE.includes(failure.status);
}

interface Sight {
  /** The object, when it is surely this upload's. */
  readonly info?: ObjectInfo;
  /** Whether the upload is still listed; `undefined` when that could not be asked. */
  readonly open: boolean | undefined;
}

async function lookAround(completion: Completion, refused: boolean): Promise<Sight> {
  const { sleep, signal } = completion;
  let sight: Sight = { open: undefined };
  for (const delayMs of LOOK_AFTER_MS) {
    try {
      if (delayMs > 0) await sleep(delayMs, { signal });
      sight = await lookOnce(completion);
    } catch (error) {
      completion.logger.debug({ key: completion.key, error: String(error) }, 'could not look for the object');
      return { open: undefined };
    }
    if (sight.info || (refused && sight.open !== undefined)) return sight;
  }
  return sight;
}

async function lookOnce(completion: Completion): Promise<Sight> {
  const { store, key, upload, parts, retry, signal, bytes, etag } = completion;
  const call = { signal };
  const info = await retry('head', () => lookAt(store, key, call), call);
  const uploads = await retry('list uploads', () => store.openUploads(key, call), call).catch(
    () => undefined,
  );
  const open = uploads?.some(({ uploadId }) => uploadId === upload.uploadId);
  const expected = { bytes, etag, confirmedEtag: undefined, checksum: wholeChecksum(parts) };
  if (!info || findMismatch(info, expected)) return { open };
  // Without an ETag to compare, an older object of the same size would pass: then the upload must be gone as well.
  const proven = etag !== undefined && info.etag === etag;
  return proven || open === false ? { info, open } : { open };
}

function unknownOutcome({ key, store, upload, logger }: Completion, cause: unknown): Zfs3BackupError {
  warnLeftOpen(upload, store, logger, 'may be open still');
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
