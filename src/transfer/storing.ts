import { StoreError, Zfs3BackupError } from '../errors.ts';
import type { RecordedPart } from '../lineage/record.ts';
import type { Logger } from '../logger.ts';
import type { ObjectAttributes, ObjectInfo, ObjectStore } from '../store/object-store.ts';
import type { Backoff, Sleep } from '../store/retry.ts';
import { lookAt } from './look-at.ts';
import type { ResumableUpload } from './open-upload.ts';
import type { PartSchedule } from './part-schedule.ts';
import type { Sending } from './send-parts.ts';

/** A Complete that is under way when the caller interrupts may end this much later: that leaves nothing unknown. */
export const COMPLETE_GRACE_MS = 4_000;

/** One upload, with all that its steps share. */
export interface Storing {
  readonly store: ObjectStore;
  readonly key: string;
  readonly attributes: ObjectAttributes;
  readonly ifExists: 'fail' | 'replace';
  /** The caller's. */
  readonly signal: AbortSignal | undefined;
  readonly sending: Sending;
  readonly backoff: Backoff;
  readonly sleep: Sleep;
  readonly logger: Logger;
  /** Go on with this one; `null`: there is none; `undefined`: nobody has looked. */
  readonly resume: ResumableUpload | null | undefined;
  readonly schedule: PartSchedule;
  /** Where the note of this upload stands. */
  readonly noteKey: string;
  /** Do not refuse when another process seems to be at the key. */
  readonly force: boolean;
  /** Leave the upload open when interrupted or when the store is away. */
  readonly keep: boolean;
  /** Bytes that the source has yielded so far. */
  readBytes(): number;
}

/** What was stored, as the store tells it, and the digests of what was read. */
export interface Stored {
  readonly info: ObjectInfo;
  readonly digests: readonly RecordedPart[];
}

/** Tags and locks that the store ignored; the object is whole already, so its error is told as such. */
export async function settle({ store, key, sending }: Storing, signal: AbortSignal): Promise<void> {
  await sending.retry('settle', async () => store.settle?.(key, { signal }), { signal });
}

/** Not a lock: a store that two machines write to at once is looked at as late as possible. */
export async function refuseExisting(storing: Storing): Promise<void> {
  const { store, key, ifExists, sending } = storing;
  if (ifExists === 'replace') return;
  const call = { signal: sending.stop.signal };
  if (await sending.retry('head', () => lookAt(store, key, call), call)) throw alreadyThere(storing);
}

export function alreadyThere({ store, key }: Storing): Zfs3BackupError {
  return new Zfs3BackupError('BACKUP_EXISTS', `${key} is in ${store.url} already`, {
    advice:
      'What is stored is never replaced silently. Where another run stored it meanwhile, all is well: run it ' +
      'again and it goes on from there; otherwise choose another key.',
  });
}

export function isTaken(error: unknown): boolean {
  return error instanceof StoreError && error.status === 412;
}
