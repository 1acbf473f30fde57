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

/** Reads this machine's side where that can be done: what a store has is worth showing without it. */
export async function readLocalSide(
  { source, signal, logger }: LocalOptions,
  dataset: string,
): Promise<LocalDataset> {
  if (!source) return { side: 'not looked at', state: undefined };
  try {
    const state = await source.readDataset(dataset, signal ? { signal } : {});
    return { side: state ? 'read' : 'no dataset', state };
  } catch (error) {
    if (signal?.aborted || !(error instanceof Zfs3BackupError)) throw error;
    if (error.code !== 'PROGRAM_MISSING') return { side: 'unreadable', state: undefined, fault: error };
    logger?.debug({ dataset }, `only the store was looked at: ${error.message}`);
    return { side: 'no source', state: undefined };
  }
}

/** Warns of why this machine could not be read, once for each reason. */
export function warnOfFaults(faults: readonly Zfs3BackupError[], { logger }: LocalOptions): void {
  const told = new Set<string>();
  for (const fault of faults) {
    const why = fault instanceof ProcessFailedError ? fault.stderr : fault.message;
    if (told.has(why)) continue;
    told.add(why);
    const words = fault.message.replaceAll(/\s*\n\s*/g, ' ');
    const advice = fault.advice === undefined ? '' : ` (${fault.advice})`;
    logger?.warn({}, `only the store is shown, for this machine could not be read: ${words}${advice}`);
  }
}
