import { filtersOf } from '../filters/registry.ts';
import type { Backup } from '../lineage/backup.ts';
import { joinProgress, type Progress } from '../progress.ts';
import type { StoredStreamOptions } from '../reading/fetch-options.ts';
import { readRecordIfPossible } from '../reading/read-record.ts';
import { holdBackLast } from '../stream/hold-back.ts';
import { meter } from '../stream/meter.ts';
import { openDownload } from '../transfer/download.ts';
import { inspectStored } from './inspect-sent.ts';

export interface Moved {
  readonly storedBytes: number;
  readonly streamBytes: number;
  /** Requests that were sent again. */
  readonly retries: number;
}

export interface StoredStream {
  /**
   * The stream, decoded and looked at: throws before what is damaged is handed on, and its last chunk comes when all of
   * it was found well. `lend`: chunks that no decoder made may change when the next one is asked for.
   */
  read(call: { readonly signal: AbortSignal }, lend: boolean): Promise<AsyncIterable<Uint8Array>>;
  /** So far. */
  moved(): Moved;
}

/** The stream of a backup, on its way back: each part is compared with the record, where there is one. */
export function createStoredStream(
  backup: Backup,
  about: Pick<Progress, 'item' | 'step' | 'steps'>,
  options: StoredStreamOptions,
): StoredStream {
  const { store, logger, onProgress, maxRetries, maxMemory, concurrency } = options;
  const estimate = backup.streamBytes ?? backup.estimate;
  const moved = joinProgress(onProgress, { verb: 'restore', ...about, estimate });
  let storedBytes = 0;
  return {
    async read(call, lend) {
      const record = await readRecordIfPossible(store, backup, { ...call, logger });
      const decoder = filtersOf(options).decoderOf(backup);
      // What comes straight from the store is held back there already, and what is lent cannot be.
      const isHeldBack = decoder !== undefined || !lend;
      const { chunks } = await openDownload({
        ...{ store, key: backup.key, record, lend: lend || decoder !== undefined, logger, ...call },
        ...{ maxRetries, maxMemory, concurrency },
        onProgress: moved.stored,
      });
      const stored = meter(chunks, (bytes) => {
        storedBytes += bytes;
      });
      const stream = inspectStored(decoder?.decode(stored, call) ?? stored, options);
      return meter(isHeldBack ? holdBackLast(stream) : stream, moved.read);
    },
    moved: () => ({ storedBytes, streamBytes: moved.streamBytes(), retries: moved.retries() }),
  };
}
