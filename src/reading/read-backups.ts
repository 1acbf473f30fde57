import pLimit from 'p-limit';
import { StoreError } from '../errors.ts';
import type { Backup } from '../lineage/backup.ts';
import { joinRecords, type UnknownBackup } from '../lineage/join-records.ts';
import { datasetPrefix } from '../lineage/key.ts';
import { decodeBackup } from '../lineage/metadata.ts';
import { type RecordKey, recordsPrefix } from '../lineage/record-key.ts';
import type { CallOptions, ObjectStore, ObjectSummary } from '../store/object-store.ts';
import { untilDone } from '../stream/until-done.ts';

/** What is in no record is in the object's metadata, one HEAD each; this many run at once. */
const HEADS_AT_ONCE = 16;

export interface FoundBackups {
  /** In no order. */
  readonly backups: readonly Backup[];
  /** Records under whose name there is no backup. */
  readonly orphans: readonly RecordKey[];
  /** Records beside which there is a better one of the very object. */
  readonly superseded: readonly RecordKey[];
}

/**
 * All backups of one dataset, or of the whole store: 2 × ceil(n / 1000) requests for n of them, and one more for
 * each that has no record, or one of another object.
 */
export function readBackups(
  store: ObjectStore,
  dataset: string | undefined,
  options: CallOptions = {},
): Promise<FoundBackups> {
  return untilDone(options.signal, async (signal) => {
    const call = { signal };
    const objects = await listObjects(store, dataset, call);
    const { recorded, unknown, ...records } = joinRecords(store.prefix, objects);
    const asked = await askEach(store, unknown, call);
    return { backups: [...recorded, ...asked], ...records };
  });
}

/** Where backups and records lie. Records first, as they stand in the whole: the object of one was there before it. */
export function prefixesOf(prefix: string, dataset: string | undefined): readonly string[] {
  if (dataset === undefined) return [prefix];
  return [recordsPrefix(prefix, dataset), datasetPrefix(prefix, dataset)];
}

/** What a listing tells of backups and records, and of whatever else is under the prefix. */
export async function listObjects(
  store: ObjectStore,
  dataset: string | undefined,
  call: CallOptions,
): Promise<readonly ObjectSummary[]> {
  const found: ObjectSummary[] = [];
  for (const prefix of prefixesOf(store.prefix, dataset)) {
    for await (const summary of store.list(prefix, call)) found.push(summary);
  }
  return found;
}

async function askEach(
  store: ObjectStore,
  unknown: readonly UnknownBackup[],
  call: CallOptions,
): Promise<readonly Backup[]> {
  const limit = pLimit(HEADS_AT_ONCE);
  const asked = await Promise.all(unknown.map((each) => limit(() => askObject(store, each, call))));
  return asked.filter((backup) => backup !== undefined);
}

/** `undefined` when the object went away between LIST and HEAD. */
async function askObject(
  store: ObjectStore,
  { object, recordKey, staleRecordKey }: UnknownBackup,
  call: CallOptions,
): Promise<Backup | undefined> {
  const info = await store.head(object.key, call).catch(explainDenial);
  if (info === undefined) return undefined;
  // the storage class is told by LIST on every store, by HEAD on some; and HEAD tells whole seconds
  const storageClass = info.storageClass ?? object.storageClass;
  const modifiedAt = info.etag === object.etag ? object.modifiedAt : info.modifiedAt;
  const backup = decodeBackup(store.prefix, { ...info, storageClass, modifiedAt });
  return backup && { ...backup, recordKey, staleRecordKey };
}

/** Who may not read backups lives by their records. */
function explainDenial(error: unknown): never {
  if (!(error instanceof StoreError) || error.code !== 'STORE_DENIED') throw error;
  const { code, message, cause } = error;
  const why = 'it has no record that tells of it, and these credentials may not read it';
  throw new StoreError(code, `${message}: ${why}`, error, {
    cause,
    advice:
      'Run `zfs3backup reindex` once, with credentials that may read backups: it makes the record good.',
  });
}
