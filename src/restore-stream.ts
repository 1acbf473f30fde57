import { Zfs3BackupError } from './errors.ts';
import type { FilterRegistry } from './filters/registry.ts';
import type { Expectation, InspectDepth } from './inspect/stream-inspector.ts';
import { inspectStored } from './inspect-sent.ts';
import type { Backup } from './lineage/backup.ts';
import { type BackupChoice, choiceOf, chooseBackup } from './lineage/choose-backup.ts';
import { conflictError } from './lineage/conflict-error.ts';
import type { Logger } from './logger.ts';
import { joinProgress, type OnProgress } from './progress.ts';
import { demandReadable } from './read-archived.ts';
import { headReader } from './read-head.ts';
import { readLineage } from './read-lineage.ts';
import { readRecordIfPossible } from './read-record.ts';
import type { SnapshotSource } from './sources/source.ts';
import type { ObjectStore } from './store/object-store.ts';
import { holdBackLast } from './stream/hold-back.ts';
import { meter } from './stream/meter.ts';
import { untilDone } from './stream/until-done.ts';
import { openDownload } from './transfer/download.ts';

export interface RestoreStreamOptions {
  readonly store: ObjectStore;
  /** Says what a stream of its kind looks like; nothing is asked of this machine. */
  readonly source: SnapshotSource;
  readonly filters: FilterRegistry;
  readonly dataset: string;
  readonly snapshot: string | BackupChoice;
  readonly snapshotPrefix?: string;
  /** Only what a receiver lacks that was interrupted, as its token tells. */
  readonly resumeToken?: string;
  readonly expect?: Expectation;
  readonly inspect?: InspectDepth;
  readonly concurrency?: number;
  readonly maxMemory?: number;
  readonly maxRetries?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  /** Told which backup it is, and what to know of it, before the first byte. */
  readonly onChosen?: (chosen: ChosenStream) => void;
  readonly logger?: Logger;
}

export interface ChosenStream {
  readonly backup: Backup;
  readonly notes: readonly string[];
}

/** What was handed on. */
export interface RestoredStream extends ChosenStream {
  readonly storedBytes: number;
  readonly streamBytes: number;
  /** Requests that were sent again. */
  readonly retries: number;
}

/**
 * Hands the stream of one backup to `write`, decoded, chunk by chunk; chunks are lent until it resolves. The last one is
 * held back until the whole was found well: who got less than all of it got no stream that could be taken for one.
 */
export async function restoreStream(
  options: RestoreStreamOptions,
  write: (chunk: Uint8Array) => Promise<void>,
): Promise<RestoredStream> {
  const { store, filters, logger } = options;
  const chosen = await findBackup(options);
  options.onChosen?.(chosen);
  const { backup } = chosen;
  let storedBytes = 0;
  const estimate = backup.streamBytes ?? backup.estimate;
  const item = `${backup.dataset}@${backup.snapshot}`;
  const moved = joinProgress(options.onProgress, { verb: 'restore', item, step: 1, steps: 1, estimate });
  await untilDone(options.signal, async (signal) => {
    const call = { signal };
    await filters.checkDecoder(backup, headReader(store, backup.key, backup.storedBytes, call), call);
    const record = await readRecordIfPossible(store, backup, { ...call, logger });
    const decoder = filters.decoderOf(backup);
    const { chunks } = await openDownload({
      // what is held back must stay as it is
      ...{ store, key: backup.key, record, lend: decoder !== undefined, logger, ...call },
      ...{ maxRetries: options.maxRetries, maxMemory: options.maxMemory, concurrency: options.concurrency },
      onProgress: moved.stored,
    });
    const stored = meter(chunks, (bytes) => {
      storedBytes += bytes;
    });
    const decoded = decoder?.decode(stored, call) ?? stored;
    const stream = meter(holdBackLast(inspectStored(decoded, options)), moved.read);
    for await (const chunk of restOf(stream, options)) await write(chunk);
  });
  return { ...chosen, storedBytes, streamBytes: moved.streamBytes(), retries: moved.retries() };
}

function restOf(
  stream: AsyncIterable<Uint8Array>,
  { source, resumeToken }: RestoreStreamOptions,
): AsyncIterable<Uint8Array> {
  if (resumeToken === undefined) return stream;
  if (source.restOf) return source.restOf(stream, resumeToken);
  throw new Zfs3BackupError('USAGE', 'What cannot be resumed has no resume token');
}

async function findBackup(options: RestoreStreamOptions): Promise<ChosenStream> {
  const { store, dataset, snapshot, snapshotPrefix = '', signal } = options;
  const call = signal ? { signal } : {};
  const lineage = await readLineage(store, dataset, call);
  const chosen = chooseBackup({
    ...{ lineage, snapshotPrefix },
    choice: choiceOf(snapshot),
    takenAt: new Map(),
  });
  if (chosen.kind !== 'chosen') throw conflictError(chosen);
  const { backup } = chosen.entry;
  await demandReadable(store, [backup], call);
  const parent =
    backup.kind === 'full'
      ? []
      : [
          `It is an incremental, to be received on top of ${backup.parent ?? 'a snapshot that nobody knows'}.`,
        ];
  return { backup, notes: [...chosen.notes, ...parent] };
}

/** What a person would type for it. */
export function streamCommand(
  store: ObjectStore,
  { dataset, snapshot }: Backup,
  token?: string,
): readonly string[] {
  const resume = token === undefined ? [] : ['--resume-token', token];
  return ['zfs3backup', 'restore', ...store.arguments, '--stdout', ...resume, `${dataset}@${snapshot}`];
}
