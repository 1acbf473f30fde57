import type { Backup } from '../lineage/backup.ts';
import { type DeletionPlan, identityOf } from '../lineage/deletions.ts';
import { type Logger, silentLogger } from '../logger.ts';
import type { CallOptions, ObjectStore } from '../store/object-store.ts';

/** What is known of the store is not trusted for longer while backups are deleted. */
const TRUST_MS = 20_000;

export interface DeletedBackup {
  /** `dataset@snapshot` */
  readonly name: string;
  readonly key: string;
  readonly storedBytes: number;
}

export interface KeptBackup {
  readonly name: string;
  readonly reasons: readonly string[];
}

export interface DeletionResult {
  readonly dataset: string;
  readonly store: string;
  /** In the order in which they went. */
  readonly deleted: readonly DeletedBackup[];
  /** What was to go, and stayed because something had changed since. */
  readonly spared: readonly KeptBackup[];
  readonly storedBytes: number;
}

export interface DeletionRun {
  readonly store: ObjectStore;
  /** What somebody agreed to. */
  readonly plan: DeletionPlan;
  /** Reads the store again and plans what of this may go now. */
  replan(agreed: readonly Backup[]): Promise<DeletionPlan>;
  readonly signal?: AbortSignal | undefined;
  readonly logger?: Logger | undefined;
  /** For tests. */
  readonly trustMs?: number;
  /** Called when a backup is gone. */
  readonly onDeleted?: ((deleted: DeletedBackup) => void) | undefined;
}

/**
 * Deletes what was agreed to and may still go: the store is read again just before, and again and again while it
 * takes long. One after the other, children first, so that what remains is whole chains whenever it ends; the first
 * refusal ends it. A backup's record goes after it, for it tells what the object is as long as that is there.
 */
export async function runDeletions(run: DeletionRun): Promise<DeletionResult> {
  const { store, plan, signal, logger = silentLogger, trustMs = TRUST_MS } = run;
  const { dataset } = plan;
  const call = signal ? { signal } : {};
  const deleted: DeletedBackup[] = [];
  let left = plan.deletions;
  const spared: KeptBackup[] = [];
  while (left.length > 0) {
    const now = await run.replan(left);
    spared.push(...sparedOf(now, left));
    left = now.deletions;
    const trusted = performance.now() + trustMs;
    for (const backup of now.deletions) {
      await removeBackup(store, backup, call);
      left = left.slice(1);
      const gone = nameOf(dataset, backup);
      deleted.push(gone);
      logger.debug({ store: store.url, ...gone }, `deleted ${gone.name}`);
      run.onDeleted?.(gone);
      if (performance.now() >= trusted) break;
    }
  }
  const storedBytes = deleted.reduce((sum, each) => sum + each.storedBytes, 0);
  return { dataset, store: store.url, deleted, spared, storedBytes };
}

async function removeBackup(
  store: ObjectStore,
  { key, recordKey, staleRecordKey }: Backup,
  call: CallOptions,
): Promise<void> {
  call.signal?.throwIfAborted();
  await store.remove(key, call);
  for (const record of [recordKey, staleRecordKey]) if (record) await store.remove(record, call);
}

function nameOf(dataset: string, { snapshot, key, storedBytes }: Backup): DeletedBackup {
  return { name: `${dataset}@${snapshot}`, key, storedBytes };
}

function sparedOf({ dataset, items }: DeletionPlan, left: readonly Backup[]): readonly KeptBackup[] {
  const wanted = new Set(left.map(({ key }) => key));
  return items
    .filter(({ entry, action }) => action === 'keep' && wanted.has(entry.backup.key))
    .map(({ entry, reasons }) => ({ name: `${dataset}@${entry.backup.snapshot}`, reasons }));
}

/** What the list that was agreed to allows. */
export function agreedSet(agreed: readonly Backup[]): ReadonlySet<string> {
  return new Set(agreed.map(identityOf));
}
