import pLimit from 'p-limit';
import { StoreError, Zfs3BackupError } from '../errors.ts';
import type { Backup } from '../lineage/backup.ts';
import type { CallOptions, ObjectInfo, ObjectStore } from '../store/object-store.ts';

/** A backup whose object cannot be read before the store has brought it back. */
export interface ArchivedBackup {
  readonly backup: Backup;
  /** Whether it was asked for already. */
  readonly thawing: boolean;
}

const REQUESTS_AT_ONCE = 16;

/** Classes that may need to be brought back first; at some stores some of these are read at once. */
const ARCHIVES = /GLACIER|ARCHIVE|INTELLIGENT|COLD/i;
const READ_AT_ONCE = /^GLACIER_IR$/i;

/** Fails with ARCHIVED when one of these cannot be read yet. Costs a request or two for each whose class is suspect. */
export async function demandReadable(
  store: ObjectStore,
  backups: readonly Backup[],
  call: CallOptions,
): Promise<void> {
  const archived = await readArchived(store, backups, call);
  const [first] = archived;
  if (first === undefined) return;
  const thawing = archived.filter((each) => each.thawing).length;
  const asked = thawing === 0 ? 'none of them was asked for yet' : `${thawing} on the way`;
  const name = `${first.backup.dataset}@${first.backup.snapshot}`;
  throw new Zfs3BackupError(
    'ARCHIVED',
    `${archived.length} of ${backups.length} objects are archived and cannot be read yet, ${name} (${first.backup.storageClass ?? 'no class'}) first; ${asked}`,
    {
      advice:
        thawing === archived.length
          ? 'Wait until the store has brought them back, hours as a rule; --thaw DAYS tells how far it is.'
          : 'Add --thaw DAYS (and --tier) to ask for all of them at once; it restores nothing yet, and tells how far it is.',
    },
  );
}

/** Those of the backups that cannot be read yet, in their order. */
export async function readArchived(
  store: ObjectStore,
  backups: readonly Backup[],
  call: CallOptions,
): Promise<readonly ArchivedBackup[]> {
  const limit = pLimit(REQUESTS_AT_ONCE);
  const suspects = backups.filter(mayBeArchived);
  const found = await Promise.all(suspects.map((backup) => limit(() => lookAt(store, backup, call))));
  return found.filter((each) => each !== undefined);
}

export function mayBeArchived({ storageClass = '' }: Backup): boolean {
  return ARCHIVES.test(storageClass) && !READ_AT_ONCE.test(storageClass);
}

async function lookAt(
  store: ObjectStore,
  backup: Backup,
  call: CallOptions,
): Promise<ArchivedBackup | undefined> {
  const info = await store.head(backup.key, call);
  if (info === undefined || (await isReadable(store, info, call))) return undefined;
  return { backup, thawing: info.thaw?.state === 'in progress' };
}

/** The first byte tells for certain, whatever a store calls its classes. */
export async function isReadable(
  store: ObjectStore,
  { key, bytes, thaw }: ObjectInfo,
  call: CallOptions,
): Promise<boolean> {
  if (bytes === 0 || thaw?.state === 'ready') return true;
  if (thaw?.state === 'in progress') return false;
  try {
    const { chunks } = await store.get(key, { ...call, range: { first: 0, last: 0 } });
    for await (const _ of chunks) break;
    return true;
  } catch (error) {
    if (error instanceof StoreError && error.code === 'ARCHIVED') return false;
    throw error;
  }
}
