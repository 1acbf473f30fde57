import { ProcessFailedError, Zfs3BackupError } from '../errors.ts';
import type { LocalSide } from '../lineage/local-side.ts';
import type { Logger } from '../logger.ts';
import type { DatasetState, SnapshotSource } from '../sources/source.ts';

export interface LocalDataset {
  readonly side: LocalSide;
  /** There when it was read. */
  readonly state: DatasetState | undefined;
  /** Why it could not be read. */
  readonly fault?: Zfs3BackupError;
}

export interface LocalOptions {
  /** Without one nothing is looked at. */
  readonly source?: SnapshotSource;
  readonly signal?: AbortSignal;
  readonly logger?: Logger;
}

/**
 * Reads this machine's side where that can be done: what a store has is worth showing without it. Why it could not is
 * warned of, once for each reason.
 */
export function createLocalReader({ source, signal, logger }: LocalOptions) {
  const told = new Set<string>();
  return async (dataset: string): Promise<LocalDataset> => {
    if (!source) return { side: 'not looked at', state: undefined };
    try {
      const state = await source.readDataset(dataset, signal ? { signal } : {});
      return { side: state ? 'read' : 'no dataset', state };
    } catch (error) {
      if (signal?.aborted || !(error instanceof Zfs3BackupError)) throw error;
      if (error.code === 'PROGRAM_MISSING') {
        logger?.debug({ dataset }, `only the store was looked at: ${error.message}`);
        return { side: 'no source', state: undefined };
      }
      const why = error instanceof ProcessFailedError ? error.stderr : error.message;
      if (!told.has(why)) {
        const advice = error.advice === undefined ? '' : ` (${error.advice})`;
        logger?.warn(
          { dataset },
          `only the store is shown, for this machine could not be read: ${error.message}${advice}`,
        );
      }
      told.add(why);
      return { side: 'unreadable', state: undefined, fault: error };
    }
  };
}
