import { StoreError, Zfs3BackupError } from '../errors.ts';
import { type Logger, silentLogger } from '../logger.ts';
import type { ObjectInfo, ObjectStore } from '../store/object-store.ts';
import { createBackoff, createRetry, type Sleep } from '../store/retry.ts';
import { compareObject, createBodyCheck, type RecordedBody } from './check-body.ts';
import { checkDownload } from './check-download.ts';
import { planDownload } from './plan-download.ts';
import { type ReadingAhead, readPartsAhead } from './read-parts-ahead.ts';
import { createSlots } from './slots.ts';

const DEFAULT_RETRIES = 10;
/** Progress is told of once so much came. */
const REPORT_BYTES = 256 * 1024;

export interface DownloadProgress {
  readonly storedBytes: number;
  readonly partsInFlight: number;
  readonly retries: number;
}

export interface DownloadOptions {
  readonly store: ObjectStore;
  /** Whole key; no prefix is put before it. */
  readonly key: string;
  /** Bytes for all buffers together; 256 MiB if not given. */
  readonly maxMemory?: number | undefined;
  /** Parts in flight at most, 4 if not given; fewer where the memory or the store does not have room for them. */
  readonly concurrency?: number | undefined;
  /**
   * Chunks are only lent: valid until the next one is asked for, and in memory that threads may share. Costs a copy
   * less; otherwise they are the caller's.
   */
  readonly lend?: boolean | undefined;
  /** What was recorded of the object: its parts are compared as they come, which tells where it is damaged. */
  readonly record?: RecordedBody | undefined;
  /**
   * Told of what is not as the record or the store has it, instead of a MISMATCH: all bytes are handed on then. For
   * who looks at a damaged object.
   */
  readonly onDamage?: ((error: Zfs3BackupError) => void) | undefined;
  /** How often a request is tried again without a byte more, 10 if not given. */
  readonly maxRetries?: number | undefined;
  /** Stops it: `chunks` throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  readonly logger?: Logger | undefined;
  /** Called as bytes come, and for each part and retry. */
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
  /** How to wait between attempts; for tests. */
  readonly sleep?: Sleep | undefined;
}

export interface Download {
  readonly info: ObjectInfo;
  /**
   * The object's bytes, in order, once; nothing is requested before the first is asked for. They are read in parts,
   * some at once, each of which goes on at the byte reached when a connection breaks. Ends only when all of the object
   * came and was as it is recorded, or as the digest says that the store tells; the last bytes are held back until
   * that is known, and with a record those behind a damaged part. Throws MISMATCH otherwise, also when the object was
   * replaced meanwhile.
   */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Looks at an object and prepares to read it. Fails with USAGE, NO_SUCH_KEY when there is none, or a `StoreError`. */
export async function openDownload(options: DownloadOptions): Promise<Download> {
  checkDownload(options);
  const { key, logger = silentLogger, sleep, maxRetries = DEFAULT_RETRIES } = options;
  const store = options.store.once ?? options.store;
  const signal = options.signal ?? new AbortController().signal;
  const tally = createTally(options.onProgress);
  const backoff = createBackoff({ attempts: maxRetries + 1, logger, sleep, onRetry: tally.onRetry });
  const info = await createRetry(backoff)('head', () => store.head(key, { signal }), { signal });
  if (!info) {
    throw new StoreError('NO_SUCH_KEY', `${key}: there is no such object in ${store.url}`, {
      operation: 'head',
      key,
      retryable: false,
    });
  }
  const { maxMemory, concurrency } = options;
  const plan = planDownload({ bytes: info.bytes, limits: store.limits, maxMemory, concurrency });
  const slots = createSlots(plan.concurrency);
  const { onBytes, onParts } = tally;
  const reading = { store, info, plan, slots, backoff, signal, onBytes, onParts };
  return { info, chunks: readChecked(reading, options) };
}

function createTally(onProgress: DownloadOptions['onProgress']) {
  const moved = { storedBytes: 0, partsInFlight: 0, retries: 0 };
  let toldBytes = 0;
  const report = () => {
    toldBytes = moved.storedBytes;
    onProgress?.({ ...moved });
  };
  return {
    onRetry: () => {
      moved.retries += 1;
      report();
    },
    onBytes: (bytes: number) => {
      moved.storedBytes += bytes;
      if (moved.storedBytes - toldBytes >= REPORT_BYTES) report();
    },
    onParts: (change: 1 | -1) => {
      moved.partsInFlight += change;
      report();
    },
  };
}

async function* readChecked(
  reading: ReadingAhead,
  { lend = false, record, onDamage = fail }: DownloadOptions,
): AsyncGenerator<Uint8Array, void> {
  const { info, plan } = reading;
  const another = record && compareObject(info, record);
  if (another) onDamage(another);
  if (info.bytes === 0) return;
  const check = createBodyCheck(info, another ? undefined : record, plan.parts > 1);
  let handedOn = 0;
  try {
    for await (const { bytes, last, release } of readPartsAhead(reading)) {
      for (const damage of (await check?.look(bytes, last)) ?? []) onDamage(damage);
      handedOn += bytes.byteLength;
      yield lend ? bytes : Buffer.from(bytes);
      await check?.taken();
      release();
    }
  } finally {
    check?.close();
  }
  // Whatever the reason would be: fewer bytes are never taken for the object.
  if (handedOn === info.bytes) return;
  throw new Zfs3BackupError('MISMATCH', `${info.key}: ${handedOn} of its ${info.bytes} bytes were read`);
}

function fail(error: Zfs3BackupError): never {
  throw error;
}
