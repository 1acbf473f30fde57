import type { BodyDigests } from '../store/object-store.ts';
import { checkStored, findMismatch } from './check-stored.ts';
import { delayedAbort } from './delayed-abort.ts';
import { lookAt } from './look-at.ts';
import { digestPart, withEtag } from './part-digests.ts';
import {
  alreadyThere,
  COMPLETE_GRACE_MS,
  isTaken,
  refuseExisting,
  type Stored,
  type Storing,
  settle,
} from './storing.ts';

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
  const { store, key, attributes, sending, ifExists, logger } = storing;
  const ifAbsent = ifExists === 'fail';
  if (store.canPutIfAbsent !== true) await refuseExisting(storing);
  // Cut off when it was sent, but not answered, it may be stored all the same.
  const late = delayedAbort(sending.stop.signal, COMPLETE_GRACE_MS);
  const { signal } = late;
  let attempts = 0;
  const attempt = async () => {
    attempts += 1;
    try {
      const request = { ...attributes, ...digests, signal, ...(ifAbsent && { ifAbsent }) };
      return (await store.put(key, body, request)).etag;
    } catch (error) {
      if (!ifAbsent || !isTaken(error)) throw error;
      // An attempt without an answer may have stored it.
      if (attempts > 1 && (await isThere(storing, body, signal))) return undefined;
      throw alreadyThere(storing);
    }
  };
  try {
    return await sending.retry('put', attempt, { signal: sending.stop.signal });
  } catch (error) {
    if (signal.aborted) {
      const words = `${key}: the store had not answered yet, so it may have been stored all the same: look whether it is there`;
      logger.warn({ key, store: store.url }, words);
    }
    throw error;
  } finally {
    late.dispose();
  }
}

/** Whether the object is known to have these very bytes. */
async function isThere({ store, key }: Storing, body: Uint8Array, signal: AbortSignal): Promise<boolean> {
  const info = await lookAt(store, key, { signal });
  if (!info || !(info.digest ?? info.checksum)) return false;
  return (
    findMismatch(info, { bytes: body.byteLength, etag: undefined, confirmedEtag: undefined, body }) ===
    undefined
  );
}
