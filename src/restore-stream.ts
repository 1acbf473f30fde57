import { Zfs3BackupError } from './errors.ts';
import { filtersOf } from './filters/registry.ts';
import type { Backup } from './lineage/backup.ts';
import type { StoredStreamOptions } from './reading/fetch-options.ts';
import { demandReadable } from './reading/read-archived.ts';
import { type ChosenOptions, readChosen } from './reading/read-chosen.ts';
import { headReader } from './reading/read-head.ts';
import { createStoredStream, type Moved } from './steps/stored-stream.ts';
import { untilAborted } from './stream/until-aborted.ts';
import { untilDone } from './stream/until-done.ts';

/** Of the source only what a stream of its kind looks like is asked: nothing of this machine. */
export interface RestoreStreamOptions extends StoredStreamOptions, ChosenOptions {
  /** Only what a receiver lacks that was interrupted, as its token tells. */
  readonly resumeToken?: string;
  /** Told which backup it is, and what to know of it, before the first byte. */
  readonly onChosen?: (chosen: ChosenStream) => void;
}

export interface ChosenStream {
  readonly backup: Backup;
  readonly notes: readonly string[];
}

/** What was handed on. */
export interface RestoredStream extends ChosenStream, Moved {}

/**
 * Hands the stream of one backup to `write`, decoded, chunk by chunk; chunks are lent until it resolves. The last one is
 * held back until the whole was found well: who got less than all of it got no stream that could be taken for one. When
 * the signal aborts nobody waits for `write` any more.
 */
export async function restoreStream(
  options: RestoreStreamOptions,
  write: (chunk: Uint8Array) => Promise<void>,
): Promise<RestoredStream> {
  const { store } = options;
  const filters = filtersOf(options);
  const chosen = await findBackup(options);
  options.onChosen?.(chosen);
  const { backup } = chosen;
  const item = `${backup.dataset}@${backup.snapshot}`;
  const stored = createStoredStream(backup, { item, step: 1, steps: 1 }, options);
  await untilDone(options.signal, async (signal) => {
    const call = { signal };
    await filters.checkDecoder(backup, headReader(store, backup.key, backup.storedBytes, call), call);
    for await (const chunk of restOf(await stored.read(call, false), options))
      await untilAborted(write(chunk), signal);
  });
  return { ...chosen, ...stored.moved() };
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
  const { store, signal } = options;
  const chosen = await readChosen(options);
  const { backup } = chosen.entry;
  await demandReadable(store, [backup], signal ? { signal } : {});
  const parent =
    backup.kind === 'full'
      ? []
      : [
          `It is an incremental, to be received on top of ${backup.parent ?? 'a snapshot that nobody knows'}.`,
        ];
  return { backup, notes: [...chosen.notes, ...parent] };
}
