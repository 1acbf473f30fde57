import pLimit from 'p-limit';
import type { Backup, Lineage } from './lineage/backup.ts';
import { datasetPrefix, parseBackupKey } from './lineage/key.ts';
import { buildLineage } from './lineage/lineage.ts';
import { decodeBackup } from './lineage/metadata.ts';
import type { CallOptions, ObjectStore, ObjectSummary } from './store/object-store.ts';
import { untilDone } from './stream/until-done.ts';

/** Metadata is in no listing, so each backup costs one HEAD; this many run at once. */
const HEADS_AT_ONCE = 16;

/** All backups of one dataset. */
export async function readLineage(
  store: ObjectStore,
  dataset: string,
  options: CallOptions = {},
): Promise<Lineage> {
  const found = await readBackups(store, datasetPrefix(store.prefix, dataset), options);
  return buildLineage(
    dataset,
    found.filter((backup) => backup.dataset === dataset),
  );
}

/** All backups in the store, a lineage for each dataset, by name. */
export async function readLineages(
  store: ObjectStore,
  options: CallOptions = {},
): Promise<readonly Lineage[]> {
  const datasets = new Map<string, Backup[]>();
  for (const backup of await readBackups(store, store.prefix, options)) {
    const known = datasets.get(backup.dataset);
    if (known) known.push(backup);
    else datasets.set(backup.dataset, [backup]);
  }
  return [...datasets]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([dataset, backups]) => buildLineage(dataset, backups));
}

function readBackups(store: ObjectStore, prefix: string, call: CallOptions): Promise<Backup[]> {
  return untilDone(call.signal, (signal) => readHeads(store, prefix, { signal }));
}

async function readHeads(store: ObjectStore, prefix: string, call: CallOptions): Promise<Backup[]> {
  const limit = pLimit(HEADS_AT_ONCE);
  const heads: Promise<Backup | undefined>[] = [];
  for await (const summary of store.list(prefix, call)) {
    if (!parseBackupKey(store.prefix, summary.key)) continue;
    const head = limit(() => readBackup(store, summary, call));
    // a later page may fail first: the rejection is still seen by Promise.all below
    head.catch(() => undefined);
    heads.push(head);
  }
  return (await Promise.all(heads)).filter((backup) => backup !== undefined);
}

/** `undefined` when the object went away between LIST and HEAD. */
async function readBackup(
  store: ObjectStore,
  summary: ObjectSummary,
  options: CallOptions,
): Promise<Backup | undefined> {
  const info = await store.head(summary.key, options);
  // the storage class is told by LIST on every store, by HEAD on some
  return (
    info && decodeBackup(store.prefix, { ...info, storageClass: info.storageClass ?? summary.storageClass })
  );
}
