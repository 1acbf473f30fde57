import { setMaxListeners } from 'node:events';
import { Zfs3BackupError } from '../errors.ts';
import type { StreamFacts } from '../inspect/stream-inspector.ts';
import { silentLogger } from '../logger.ts';
import type { BodyDigests } from '../store/object-store.ts';
import { createBackoff, createRetry, sleepFor } from '../store/retry.ts';
import { createBufferPool } from '../stream/buffer-pool.ts';
import { closeUnread } from '../stream/descriptor-source.ts';
import type { Part } from '../stream/parts.ts';
import { asReason } from './as-reason.ts';
import { checkUpload } from './check-upload.ts';
import { isOutcomeUnknown } from './complete-upload.ts';
import { inspectParts } from './inspect-parts.ts';
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
import type { UploadOptions, UploadResult } from './upload-options.ts';

export type { UploadOptions, UploadProgress, UploadResult } from './upload-options.ts';

const DEFAULT_RETRIES = 10;

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
