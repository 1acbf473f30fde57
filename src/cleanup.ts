import { joinRecords } from './lineage/join-records.ts';
import { backupKey, datasetPrefix } from './lineage/key.ts';
import {
  ABANDONED_SECONDS,
  type CleanupItem,
  type OpenUploadFacts,
  type OrphanFacts,
  planCleanup,
} from './lineage/plan-cleanup.ts';
import { parseRecordKey } from './lineage/record-key.ts';
import { type Logger, silentLogger } from './logger.ts';
import { listObjects } from './reading/read-backups.ts';
import {
  isDenied,
  type NotedUpload,
  type NoteInStore,
  readUploads,
  readUploadsElsewhere,
} from './reading/read-uploads.ts';
import type { CallOptions, ObjectStore, OpenUpload } from './store/object-store.ts';
import { readListedParts } from './transfer/listed-parts.ts';

export type { CleanupItem } from './lineage/plan-cleanup.ts';

export interface CleanupOptions {
  readonly store: ObjectStore;
  /** Only what belongs to this dataset; default: all that is under the store's prefix, and what notes there tell of. */
  readonly dataset?: string;
  /** What is younger is left alone, in seconds; 7 days if not given. */
  readonly olderThan?: number;
  /** The time, for tests. */
  readonly now?: () => Date;
  readonly signal?: AbortSignal;
  readonly logger?: Logger;
}

export interface CleanupPlanReport {
  readonly store: string;
  /** In the order in which it runs; what is left alone stands among them. */
  readonly items: readonly CleanupItem[];
  /** What of them the plan is about. */
  readonly uploads: readonly OpenUpload[];
}

export interface CleanupResult {
  readonly store: string;
  readonly dropped: readonly CleanupItem[];
  readonly left: readonly CleanupItem[];
}

/** Reads what is left over and plans; changes nothing. */
export async function readCleanupPlan(options: CleanupOptions): Promise<CleanupPlanReport> {
  const { store, dataset, olderThan = ABANDONED_SECONDS, now = () => new Date(), signal } = options;
  const call = signal ? { signal } : {};
  const time = now();
  const prefix = dataset === undefined ? store.prefix : datasetPrefix(store.prefix, dataset);
  const found = await readUploads(store, prefix, call);
  const notes = found.notes.filter(({ note }) => dataset === undefined || note?.key.startsWith(prefix));
  const elsewhere = await readUploadsElsewhere(store, prefix, notes, call);
  const open = [...found.uploads, ...elsewhere.uploads];
  const uploads: OpenUploadFacts[] = [];
  for (const each of open) {
    const facts = await readUploadFacts(each, time.getTime() - olderThan * 1000, call);
    if (facts) uploads.push(facts);
  }
  const items = planCleanup({
    prefix: store.prefix,
    uploads,
    notes: notes.map((note) => noteFacts(note, elsewhere.hidden)),
    records: await readOrphans(store, dataset, call),
    files: dataset === undefined ? ((await store.leftovers?.list(call)) ?? []) : [],
    now: time,
    olderThan,
  });
  return { store: store.url, items, uploads: open.map(({ upload }) => upload) };
}

/** Parts are only asked for where they may tell that somebody is at it. `undefined`: the upload is gone. */
async function readUploadFacts(
  { upload, note }: NotedUpload,
  oldBefore: number,
  call: CallOptions,
): Promise<OpenUploadFacts | undefined> {
  const { key, uploadId, startedAt } = upload;
  const facts = { key, uploadId, startedAt, writer: note?.writer ?? 'unknown' } as const;
  if (startedAt.getTime() > oldBefore || facts.writer === 'alive') return facts;
  const parts = await readListedParts(upload, call).catch((error: unknown) => {
    // A policy for the prefix says nothing of keys elsewhere.
    if (note !== undefined && isDenied(error)) return 'hidden' as const;
    throw error;
  });
  if (parts === undefined) return undefined;
  if (parts === 'hidden') return { ...facts, isHidden: true };
  const times = parts.flatMap(({ storedAt }) => storedAt?.getTime() ?? []);
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  return { ...facts, bytes, ...(times.length > 0 && { lastPartAt: new Date(Math.max(...times)) }) };
}

function noteFacts({ noteKey, modifiedAt, note, writer }: NoteInStore, hidden: ReadonlySet<string>) {
  const isHidden = note !== undefined && hidden.has(note.key);
  return { noteKey, modifiedAt, key: note?.key, uploadId: note?.uploadId, writer, isHidden };
}

async function readOrphans(
  store: ObjectStore,
  dataset: string | undefined,
  call: CallOptions,
): Promise<readonly OrphanFacts[]> {
  const objects = await listObjects(store, dataset, call);
  const byKey = new Map(objects.map((object) => [object.key, object]));
  return joinRecords(store.prefix, objects).orphans.flatMap(({ key: name }) => {
    const { bytes, modifiedAt } = byKey.get(name) ?? {};
    return bytes === undefined || modifiedAt === undefined ? [] : [{ name, bytes, modifiedAt }];
  });
}

/** Drops what a plan says, and nothing else. */
export async function runCleanupPlan(
  plan: CleanupPlanReport,
  options: CleanupOptions,
): Promise<CleanupResult> {
  const { store, logger = silentLogger } = options;
  const dropped: CleanupItem[] = [];
  const left = plan.items.filter(({ action }) => action === 'leave');
  for (const item of plan.items) {
    if (item.action === 'leave') continue;
    if (await drop(item, plan, options)) dropped.push(item);
    else left.push({ ...item, action: 'leave', reason: 'its backup is there now' });
    logger.debug({ store: store.url, ...item }, `${item.what} ${item.name}: ${item.reason}`);
  }
  return { store: plan.store, dropped, left };
}

export async function cleanup(options: CleanupOptions): Promise<CleanupResult> {
  return runCleanupPlan(await readCleanupPlan(options), options);
}

/** `false` where it turned out to be of use. */
async function drop(
  { what, name, uploadId }: CleanupItem,
  { uploads }: CleanupPlanReport,
  { store, signal }: CleanupOptions,
): Promise<boolean> {
  const call = signal ? { signal } : {};
  signal?.throwIfAborted();
  switch (what) {
    case 'upload':
      await uploads.find((upload) => upload.key === name && upload.uploadId === uploadId)?.abort(call);
      return true;
    case 'file':
      await store.leftovers?.remove(name, call);
      return true;
    case 'record':
      if (await isOfBackup(store, name, call)) return false;
      await store.remove(name, call);
      return true;
    case 'note':
      await store.remove(name, call);
      return true;
  }
}

async function isOfBackup(store: ObjectStore, name: string, call: CallOptions): Promise<boolean> {
  const record = parseRecordKey(store.prefix, name);
  if (record === undefined) return true;
  return (await store.head(backupKey(store.prefix, record.dataset, record.snapshot), call)) !== undefined;
}
