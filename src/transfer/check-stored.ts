import { crc32 } from 'node:zlib';
import { StoreError, Zfs3BackupError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Checksum, ObjectInfo, ObjectStore } from '../store/object-store.ts';
import type { Retry, Sleep } from '../store/retry.ts';
import { hexOfCrc32 } from '../stream/crc32.ts';
import { contradict, digestOf } from './etag.ts';
import { lookAt } from './look-at.ts';

/** A gateway may show the object a moment after it said that it stored it. */
const LOOK_AGAIN_AFTER_MS = [1_000, 4_000];

/** What must be under the key. */
export interface Expected {
  readonly bytes: number;
  /** The ETag computed from what was sent, where that is possible. */
  readonly etag: string | undefined;
  /** The ETag with which the store confirmed, if it told one. */
  readonly confirmedEtag: string | undefined;
  /** Of the whole object, where those of its parts are known. */
  readonly checksum?: Checksum | undefined;
  /** The whole body where it was one PUT, for a digest that the store may tell. */
  readonly body?: Uint8Array;
}

export interface CheckOptions {
  readonly store: ObjectStore;
  readonly key: string;
  readonly retry: Retry;
  readonly sleep: Sleep;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/**
 * Looks at an object that the store said it stored. Throws MISMATCH when it is not what was sent; it is removed
 * then if its ETag proves that it is ours, for it must not be taken for a backup.
 */
export async function checkStored(expected: Expected, options: CheckOptions): Promise<ObjectInfo> {
  const { key, store, sleep, signal } = options;
  let info: ObjectInfo | undefined;
  let problem: string | undefined;
  for (const delayMs of [0, ...LOOK_AGAIN_AFTER_MS]) {
    if (delayMs > 0) await sleep(delayMs, { signal });
    info = await look(options);
    problem = info ? findMismatch(info, expected) : 'the store does not show it';
    if (info && !problem) return info;
  }
  throw new Zfs3BackupError(
    'MISMATCH',
    `${key}: the store confirmed the upload, but ${problem}`,
    info
      ? { advice: await removeOurs(info, expected, options) }
      : { advice: `Look at ${key} in ${store.url}.` },
  );
}

async function look({ store, key, retry, signal }: CheckOptions): Promise<ObjectInfo | undefined> {
  try {
    return await retry('head', () => lookAt(store, key, { signal }), { signal });
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new StoreError(
      error.code,
      `${key} was stored, but could not be checked afterwards: ${error.message}`,
      error,
      { cause: error, advice: `Look at ${key} in ${store.url} before you rely on it.` },
    );
  }
}

/** Says what is wrong, or `undefined`. */
export function findMismatch(info: ObjectInfo, expected: Expected): string | undefined {
  if (info.bytes !== expected.bytes) {
    return `it has ${info.bytes} bytes there, and ${expected.bytes} were sent`;
  }
  const { etag, digest, checksum } = info;
  const known = checksum && checksumSent(checksum.algorithm, expected);
  if (checksum && known !== undefined && known !== checksum.hex) {
    return `its ${checksum.algorithm} there is ${checksum.hex}, and ${known} was sent`;
  }
  if (expected.body && digest) {
    const sent = digestOf(digest.algorithm, expected.body);
    if (sent !== digest.hex) return `its ${digest.algorithm} there is ${digest.hex}, and ${sent} was sent`;
    return undefined;
  }
  const wanted = expected.etag ?? expected.confirmedEtag;
  if (contradict(etag, wanted)) return `its ETag there is ${etag}, and should be ${wanted}`;
  return undefined;
}

function checksumSent(algorithm: Checksum['algorithm'], { body, checksum }: Expected): string | undefined {
  if (checksum?.algorithm === algorithm) return checksum.hex;
  if (body === undefined) return undefined;
  return algorithm === 'crc32' ? hexOfCrc32(crc32(body)) : digestOf(algorithm, body);
}

async function removeOurs(info: ObjectInfo, expected: Expected, options: CheckOptions): Promise<string> {
  const { store, key, retry, logger, signal } = options;
  const ours = info.etag !== undefined && [expected.etag, expected.confirmedEtag].includes(info.etag);
  if (!ours) return `Another program may have written ${key} at the same time; it was left as it is.`;
  try {
    await retry('remove', () => store.remove(key, { signal }), { signal });
    return 'The object was removed; run it again.';
  } catch (error) {
    logger.warn(
      { key, error: String(error) },
      `${key} is damaged, and could not be removed: ${String(error)}`,
    );
    return `The object could not be removed: remove ${key} from ${store.url} by hand.`;
  }
}
