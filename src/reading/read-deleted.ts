import pLimit from 'p-limit';
import { Zfs3BackupError } from '../errors.ts';
import type { Backup } from '../lineage/backup.ts';
import { joinRecords, type UnknownBackup } from '../lineage/join-records.ts';
import { parseBackupKey } from '../lineage/key.ts';
import { decodeBackup } from '../lineage/metadata.ts';
import type { CallOptions, DeletedObject, ObjectStore, Versions } from '../store/object-store.ts';
import { untilDone } from '../stream/until-done.ts';
import { prefixesOf } from './read-backups.ts';

/** What no record tells costs one HEAD each; this many run at once. */
const HEADS_AT_ONCE = 16;

/** A backup that was deleted, and that the bucket still has. */
export interface DeletedBackupVersion {
  readonly backup: Backup;
  readonly deletedAt: Date;
}

/** The store's versions. Throws USAGE where it keeps none. */
export function demandVersions({ versions, url }: ObjectStore): Versions {
  if (versions) return versions;
  throw new Zfs3BackupError('USAGE', `${url} keeps no versions: what was deleted there is gone`);
}

/** Deleted backups of a dataset, or of the whole store, that can be brought back; in no order. */
export function readDeleted(
  store: ObjectStore,
  dataset: string | undefined,
  options: CallOptions = {},
): Promise<readonly DeletedBackupVersion[]> {
  const versions = demandVersions(store);
  const { prefix } = store;
  return untilDone(options.signal, async (signal) => {
    const listings = prefixesOf(prefix, dataset).map((each) => versions.listDeleted(each, { signal }));
    const found = await Promise.all(listings);
    const objects = new Map(found.flat().map((object) => [object.key, object]));
    const { recorded, unknown } = joinRecords(prefix, objects.values());
    const limit = pLimit(HEADS_AT_ONCE);
    const asked = await Promise.all(
      unknown.map((each) => limit(() => askVersion(versions, prefix, each, objects, { signal }))),
    );
    return [...recorded, ...asked].flatMap((backup) => {
      const object = backup && objects.get(backup.key);
      return object && parseBackupKey(prefix, object.key) ? [{ backup, deletedAt: object.deletedAt }] : [];
    });
  });
}

async function askVersion(
  versions: Versions,
  prefix: string,
  { object: { key }, recordKey }: UnknownBackup,
  objects: ReadonlyMap<string, DeletedObject>,
  call: CallOptions,
): Promise<Backup | undefined> {
  const object = objects.get(key);
  const info = object && (await versions.headDeleted(object, call));
  if (info === undefined || object === undefined) return undefined;
  // A listing tells the time to the millisecond, a HEAD to the second: of all backups it must be the same.
  const { modifiedAt } = object;
  const storageClass = info.storageClass ?? object.storageClass;
  const backup = decodeBackup(prefix, { ...info, modifiedAt, storageClass });
  return backup && { ...backup, recordKey };
}
