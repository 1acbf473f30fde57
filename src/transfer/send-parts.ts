import { StoreError, Zfs3BackupError } from '../errors.ts';
import type { RecordedPart } from '../lineage/record.ts';
import type { StoredPart, Upload } from '../store/object-store.ts';
import type { Retry } from '../store/retry.ts';
import type { StoreLimits } from '../store/store-limits.ts';
import { createDigests } from '../stream/digests.ts';
import type { Part } from '../stream/parts.ts';
import { asReason } from './as-reason.ts';
import { delayedAbort } from './delayed-abort.ts';
import { algorithmOf, contradict, isDigestOf } from './etag.ts';
import { digestPart, withEtag } from './part-digests.ts';
import { describeBytes } from './part-size.ts';
import { createSlots, type Slots } from './slots.ts';
import type { Tally } from './tally.ts';

/**
 * How long a request may go on that was under way when all was stopped. Cut off when it was sent, but not answered,
 * it takes effect all the same: an upload without a known ID stays open, and a part brings a dropped upload back
 * (seen on Ceph).
 */
export const REQUEST_GRACE_MS = 1_000;

export interface Sending {
  readonly limits: StoreLimits;
  /** Beyond this the parts run out, or the store's longest object ends. */
  readonly maxStreamBytes: number;
  readonly concurrency: number;
  /** Aborted with the error of whatever fails first; its reason is what the caller hears. */
  readonly stop: AbortController;
  readonly retry: Retry;
  readonly tally: Tally;
  /** Never throws. */
  readonly report: () => void;
  /** Told of another number of parts that may be in flight. */
  readonly onLimit?: (limit: number, before: number) => void;
}

export interface SentParts {
  /** By number, without gaps. */
  readonly parts: readonly StoredPart[];
  /** Whether the parts' ETags are digests of their bytes, tried on the last part. */
  readonly etagsAreDigests: boolean;
  /** Digests of the same parts, as they were read; none where nobody took them. */
  readonly digests: readonly RecordedPart[];
}

/**
 * Sends all parts, at most `concurrency` at a time (fewer while the store asks to slow down), while one more is being
 * filled. Returns or throws only when nothing is in flight any more.
 */
export async function sendParts(
  upload: Upload,
  parts: AsyncIterable<Part>,
  sending: Sending,
  known: KnownParts = NO_PARTS,
): Promise<SentParts> {
  const { stop, concurrency, tally } = sending;
  const stored = createSkipping(known);
  const late = delayedAbort(stop.signal, REQUEST_GRACE_MS);
  const slots = createSlots(concurrency, sending.onLimit);
  const inFlight = new Set<Promise<void>>();
  const sent: StoredPart[] = [];
  const digests: RecordedPart[] = [];
  let etagsAreDigests = false;
  const send = async (part: Part) => {
    tally.partsInFlight += 1;
    sending.report();
    try {
      const there = await stored.find(part);
      const answer = there ?? (await sendPart(upload, part, sending, slots, late.signal));
      sent[part.number - 1] = answer;
      const digested = await digestPart(part);
      if (digested) digests[part.number - 1] = digested;
      if (part.last) etagsAreDigests = isDigestOf(answer.etag, part.bytes);
      if (there) {
        tally.skippedParts += 1;
        tally.skippedBytes += there.bytes;
      }
      tally.storedBytes += answer.bytes;
      tally.parts += 1;
    } catch (error) {
      stop.abort(asReason(error));
    } finally {
      part.release();
      tally.partsInFlight -= 1;
    }
    sending.report();
  };
  try {
    let bytes = 0;
    for await (const part of parts) {
      bytes += part.bytes.byteLength;
      if (inFlight.size >= concurrency) await Promise.race(inFlight);
      if (stop.signal.aborted || outgrows(part, bytes, sending.limits)) {
        part.release();
        stop.signal.throwIfAborted();
        throw tooLong(sending);
      }
      const task = send(part).finally(() => inFlight.delete(task));
      inFlight.add(task);
    }
  } catch (error) {
    stop.abort(asReason(error));
  }
  await Promise.all(inFlight);
  late.dispose();
  stored.close();
  stop.signal.throwIfAborted();
  return { parts: sent, etagsAreDigests, digests: etagsAreDigests ? addEtags(digests, sent) : digests };
}

function addEtags(digests: readonly RecordedPart[], sent: readonly StoredPart[]): readonly RecordedPart[] {
  return digests.map((part, index) => withEtag(part, sent[index]?.etag ?? ''));
}

/** What an earlier run stored, by number. */
export type KnownParts = ReadonlyMap<number, StoredPart>;

const NO_PARTS: KnownParts = new Map();

interface Skipping {
  /** What is stored of this part already; settles in the order of the calls. */
  find(part: Part): Promise<StoredPart | undefined>;
  close(): void;
}

/**
 * Up to the first part that differs: from there on the stream is another one, and comparing costs more than it saves.
 * Digests are taken in a thread beside this one, which sends.
 */
function createSkipping(known: KnownParts): Skipping {
  if (known.size === 0) return { find: async () => undefined, close: () => {} };
  const digests = createDigests();
  let skipping: Promise<boolean> = Promise.resolve(true);

  async function isEqual(there: StoredPart, { bytes }: Part): Promise<boolean> {
    const algorithm = algorithmOf(there.etag);
    if (algorithm === undefined || there.bytes !== bytes.byteLength) return false;
    return (await digests.take(bytes, [algorithm]))[algorithm] === there.etag;
  }

  return {
    async find(part) {
      const there = known.get(part.number);
      const before = skipping;
      skipping = before.then((still) => still && there !== undefined && isEqual(there, part));
      return (await skipping) ? there : undefined;
    },
    close: () => void digests.close(),
  };
}

async function sendPart(
  upload: Upload,
  part: Part,
  { stop, retry }: Sending,
  slots: Slots,
  late: AbortSignal,
): Promise<StoredPart> {
  const digests = await part.digests;
  return retry(
    `part ${part.number}`,
    async () => {
      const put = () => upload.putPart(part.number, part.bytes, { ...digests, signal: late });
      const answer = await slots.run(put, stop.signal);
      const asSent = answer.partNumber === part.number && answer.bytes === part.bytes.byteLength;
      if (asSent && answer.etag) return answer;
      throw new StoreError(
        'STORE_FAILED',
        `The store's answer to part ${part.number} of ${upload.key} does not fit what was sent`,
        { operation: 'put part', key: upload.key, partNumber: part.number, retryable: true },
      );
    },
    { signal: stop.signal },
  );
}

/** A part behind which more comes outgrows as soon as it is the last one possible. */
function outgrows(part: Part, bytes: number, { maxParts, maxObjectBytes }: StoreLimits): boolean {
  const more = part.last ? 0 : 1;
  return part.number + more > maxParts || bytes + more > maxObjectBytes;
}

function tooLong({ limits, maxStreamBytes }: Sending): Zfs3BackupError {
  return new Zfs3BackupError(
    'STREAM_TOO_LONG',
    `The stream is longer than ${describeBytes(maxStreamBytes)}, all that fits into the parts that were planned`,
    {
      advice:
        maxStreamBytes < limits.maxObjectBytes
          ? 'Tell how long it will be with --estimated SIZE, or allow bigger parts with --max-memory.'
          : 'This store takes no longer objects.',
    },
  );
}

export interface PartsCheck {
  readonly sending: Sending;
  /** Of the source. */
  readonly readBytes: number;
  /** An earlier run had sent parts. */
  readonly isResumed: boolean;
}

/**
 * Compares what was sent with what the store has, before the object becomes visible. Throws MISMATCH; a store
 * that cannot or may not list parts is not held against it, for the finished object is checked as well.
 */
export async function checkParts(
  upload: Upload,
  { parts }: SentParts,
  { sending, readBytes, isResumed }: PartsCheck,
): Promise<void> {
  const sum = parts.reduce((bytes, part) => bytes + part.bytes, 0);
  if (sum !== readBytes) throw mismatch(upload, `${readBytes} bytes were read and ${sum} were sent`);
  const { signal } = sending.stop;
  let listed: readonly StoredPart[];
  try {
    listed = await sending.retry('list parts', () => upload.listParts({ signal }), { signal });
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return;
  }
  // Behind ours may be parts of an earlier run, whose stream was longer: Complete names those that count.
  const ours = listed.filter(({ partNumber }) => partNumber <= parts.length || !isResumed);
  if (ours.length !== parts.length) {
    throw mismatch(upload, `${parts.length} parts were sent and the store has ${ours.length}`);
  }
  for (const [index, part] of parts.entries()) {
    const there = ours[index];
    const same = there?.partNumber === part.partNumber && there.bytes === part.bytes;
    if (!same || contradict(there.etag, part.etag)) {
      throw mismatch(upload, `part ${part.partNumber} is not in the store as it was sent`);
    }
  }
}

function mismatch({ key }: Upload, what: string): Zfs3BackupError {
  return new Zfs3BackupError('MISMATCH', `${key} was not completed: ${what}`, { advice: 'Run it again.' });
}
