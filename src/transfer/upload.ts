import { setMaxListeners } from 'node:events';
import { Zfs3BackupError } from '../errors.ts';
import type { StreamFacts, StreamInspector } from '../inspect/stream-inspector.ts';
import type { RecordedPart } from '../lineage/record.ts';
import { type Logger, silentLogger } from '../logger.ts';
import type { BodyDigests, Metadata, ObjectStore } from '../store/object-store.ts';
import { createBackoff, createRetry, type Sleep, sleepFor } from '../store/retry.ts';
import { createBufferPool } from '../stream/buffer-pool.ts';
import { closeUnread, type DescriptorSource } from '../stream/descriptor-source.ts';
import type { Part } from '../stream/parts.ts';
import { asReason } from './as-reason.ts';
import { checkUpload } from './check-upload.ts';
import { isOutcomeUnknown } from './complete-upload.ts';
import { inspectParts } from './inspect-parts.ts';
import type { ResumableUpload } from './open-upload.ts';
import { wholeCrc32 } from './part-digests.ts';
import { type PartSchedule, partBytesAt } from './part-schedule.ts';
import { usable } from './part-size.ts';
import { openParts } from './part-source.ts';
import { planTransfer, sayPlan, type TransferPlan } from './plan-transfer.ts';
import { storeInParts } from './store-in-parts.ts';
import { storeWhole } from './store-whole.ts';
import type { Storing } from './storing.ts';
import type { Tally } from './tally.ts';
import { createNoteKey } from './upload-note.ts';

const DEFAULT_RETRIES = 10;

export type UploadProgress = Readonly<Tally>;

export interface UploadOptions {
  readonly store: ObjectStore;
  /** Whole key; no prefix is put before it. */
  readonly key: string;
  /**
   * Must throw when what makes it failed: its end without an error means that all of it came. A descriptor's end says
   * nothing of the program that wrote to it, and costs half as much.
   */
  readonly source: AsyncIterable<Uint8Array> | DescriptorSource;
  /** Looks at all bytes on their way; what it refuses is not stored. Used up by it. */
  readonly inspect?: StreamInspector | undefined;
  /** Runs while the first part is read; nothing is stored before it is over. */
  readonly meanwhile?: (() => Promise<void>) | undefined;
  /** Expected bytes, a hint for the part size; a stream that is longer goes on in bigger parts. */
  readonly estimate?: number | undefined;
  /** Size of the first parts in bytes; default: from the estimate. Raised where the estimate would not fit. */
  readonly partBytes?: number | undefined;
  /** Parts in flight at most; default: from part size and memory. Fewer where the memory does not hold them. */
  readonly concurrency?: number | undefined;
  /** For all buffers together, in bytes; 256 MiB if not given. Reserved at once, used as far as needed. */
  readonly maxMemory?: number | undefined;
  /** What makes `source` within this process takes of them, about (a `FilterChain` tells); parts get the rest. */
  readonly encoderBytes?: number | undefined;
  readonly metadata?: Metadata | undefined;
  readonly storageClass?: string | undefined;
  /** `fail` (the default): BACKUP_EXISTS when the key is taken, before anything is sent and again at the end. */
  readonly ifExists?: 'fail' | 'replace' | undefined;
  /** Store an empty object for an empty source instead of failing with EMPTY_STREAM. */
  readonly allowEmpty?: boolean | undefined;
  /**
   * An open upload of an earlier run (`findOpenUpload`): parts that are there and equal are not sent again. `null`:
   * there is none. If not given, open uploads of the key are looked for, and left alone.
   */
  readonly resume?: ResumableUpload | null | undefined;
  /** Upload although another process seems to be uploading to the key. */
  readonly force?: boolean | undefined;
  /** Leave the upload open for a later run when this one is interrupted, or the store stays away. */
  readonly keepOnInterrupt?: boolean | undefined;
  /** Tell the digests of the parts in the result, which costs a CRC-32 of every byte. */
  readonly partDigests?: boolean | undefined;
  /** How often one request is tried again, 10 if not given. */
  readonly maxRetries?: number | undefined;
  /**
   * Stops reading and drops what was sent; the upload rejects with the signal's reason. Behind the last byte the store has
   * a few seconds to answer: then the upload resolves all the same, or its error says that the outcome is unknown.
   */
  readonly signal?: AbortSignal | undefined;
  readonly logger?: Logger | undefined;
  /** Called when a part starts, ends or is tried again. What it throws ends an upload that is not stored yet. */
  readonly onProgress?: ((progress: UploadProgress) => void) | undefined;
  /** How to wait between attempts; for tests. */
  readonly sleep?: Sleep | undefined;
}

export interface UploadResult {
  readonly key: string;
  /** As the store tells it for the finished object. */
  readonly etag: string | undefined;
  readonly storedBytes: number;
  /** When the store received it, by its own clock. */
  readonly storedAt: Date;
  /** CRC-32 of the whole, in hex; `undefined` without digests of the parts. */
  readonly crc32: string | undefined;
  /** Of the bytes as they were read, by number; of skipped parts as well. Empty unless asked for. */
  readonly partDigests: readonly RecordedPart[];
  readonly parts: number;
  /** Of them: those that an earlier run had stored. */
  readonly skippedParts: number;
  readonly skippedBytes: number;
  /** Size of the first part; later ones are bigger where the stream outgrew what was expected. */
  readonly partBytes: number;
  readonly retries: number;
  readonly seconds: number;
  /** What the stream was, where it was looked at. */
  readonly stream: StreamFacts | undefined;
}

/**
 * Stores everything that `source` yields under `key`, in one step, after the source ended without an error; then
 * looks at it and compares. When anything fails nothing is visible and no upload stays open, and the error is
 * the first one: the source's own, USAGE or STREAM_TOO_LONG (before anything is read, or when the parts ran out),
 * EMPTY_STREAM, CORRUPT_STREAM (the inspector's), BACKUP_EXISTS, MISMATCH or a `StoreError`.
 * Only a Complete without an answer can leave that unknown; its error says so.
 */
export async function upload(options: UploadOptions): Promise<UploadResult> {
  const startedAt = performance.now();
  const { key, signal } = options;
  const plan = planUpload(options);
  const stop = new AbortController();
  // Each request in flight listens, and that is no leak.
  setMaxListeners(0, stop.signal);
  const onAbort = () => stop.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  const schedule = options.resume?.schedule ?? plan.schedule;
  let readBytes = 0;
  const storing = prepare(options, { ...plan, schedule }, stop, () => readBytes);
  let stream: StreamFacts | undefined;
  const opened = openParts(options.source, {
    partBytesAt: (number) => partBytesAt(schedule, Math.min(number, options.store.limits.maxParts)),
    pool: createBufferPool(Math.max(plan.memoryBytes, largestOf(schedule))),
    buffers: plan.concurrency + 1,
    digests: digestsOf(options),
    signal: stop.signal,
    onBytes: (bytes) => {
      readBytes += bytes;
    },
  });
  const parts = options.inspect
    ? inspectParts(opened, options.inspect, (facts) => {
        stream = facts;
      })
    : opened;
  try {
    const { info, digests } = await storeParts(parts, storing, options);
    const { parts: count, retries, skippedParts, skippedBytes } = storing.sending.tally;
    const seconds = (performance.now() - startedAt) / 1000;
    return {
      key,
      etag: info.etag,
      storedBytes: info.bytes,
      storedAt: info.modifiedAt,
      crc32: wholeCrc32(digests),
      partDigests: digests,
      parts: count,
      skippedParts,
      skippedBytes,
      partBytes: plan.partBytes,
      retries,
      seconds,
      stream,
    };
  } catch (error) {
    stop.abort(asReason(error));
    throw isOutcomeUnknown(error) ? error : stop.signal.reason;
  } finally {
    signal?.removeEventListener('abort', onAbort);
    await parts.return();
  }
}

/** What is refused here nobody has begun to read. */
function planUpload(options: UploadOptions): TransferPlan {
  try {
    options.signal?.throwIfAborted();
    checkUpload(options);
    return planTransfer({ ...options, limits: usable(options.store.limits) });
  } catch (error) {
    closeUnread(options.source);
    throw error;
  }
}

function prepare(
  options: UploadOptions,
  plan: TransferPlan,
  stop: AbortController,
  readBytes: () => number,
): Storing {
  const { key, metadata, storageClass, logger = silentLogger, sleep = sleepFor } = options;
  const store = options.store.once ?? options.store;
  for (const note of plan.notes) logger.info({ key }, `${key}: ${note}`);
  logger.debug({ key }, `${key}: ${sayPlan(plan)}`);
  const tally: Tally = {
    storedBytes: 0,
    partsInFlight: 0,
    retries: 0,
    parts: 0,
    skippedParts: 0,
    skippedBytes: 0,
  };
  const report = () => {
    try {
      options.onProgress?.({ ...tally });
    } catch (error) {
      stop.abort(asReason(error));
    }
  };
  const onRetry = () => {
    tally.retries += 1;
    report();
  };
  const attempts = (options.maxRetries ?? DEFAULT_RETRIES) + 1;
  const backoff = createBackoff({ attempts, logger, sleep, onRetry });
  const sending = {
    limits: store.limits,
    maxStreamBytes: plan.maxStreamBytes,
    concurrency: plan.concurrency,
    stop,
    retry: createRetry(backoff),
    tally,
    report,
    onLimit(limit: number, before: number) {
      const why = limit < before ? 'the store asks to slow down' : 'the store keeps up';
      logger.debug({ key, limit, before }, `${why}: ${limit} parts in flight at most`);
    },
  };
  const attributes = { ...(metadata && { metadata }), ...(storageClass && { storageClass }) };
  return {
    ...{ store, key, attributes, sending, backoff, sleep, logger, signal: options.signal, readBytes },
    ifExists: options.ifExists ?? 'fail',
    schedule: plan.schedule,
    resume: options.resume,
    noteKey: options.resume?.noteKey ?? createNoteKey(store.prefix, key),
    force: options.force ?? false,
    keep: options.keepOnInterrupt ?? false,
  };
}

function digestsOf({ store, partDigests = false }: UploadOptions): readonly (keyof BodyDigests)[] {
  const wanted = store.wantedDigests ?? [];
  return partDigests && !wanted.includes('crc32') ? [...wanted, 'crc32'] : wanted;
}

function largestOf(schedule: PartSchedule): number {
  return Math.max(...schedule.map(({ bytes }) => bytes));
}

async function storeParts(parts: AsyncGenerator<Part, void>, storing: Storing, options: UploadOptions) {
  // Called within a promise: what it throws at once must not leave the reading behind unheard.
  const meanwhile = async () => options.meanwhile?.();
  const [first] = await Promise.all([parts.next(), meanwhile()]);
  if (first.done) {
    if (options.allowEmpty) return storeWhole(storing, new Uint8Array(), { crc32: '00000000' });
    throw new Zfs3BackupError('EMPTY_STREAM', `${storing.key}: the stream is empty, nothing was stored`);
  }
  if (!first.value.last) return storeInParts(storing, startingWith(first.value, parts));
  return storeWhole(storing, first.value.bytes, await first.value.digests);
}

async function* startingWith(first: Part, rest: AsyncIterable<Part>): AsyncGenerator<Part, void> {
  yield first;
  yield* rest;
}
