import { Zfs3BackupError } from './errors.ts';
import type { Backup } from './lineage/backup.ts';
import { planUndelete, type UndeletePlan } from './lineage/plan-undelete.ts';
import { nearestNames } from './lineage/resolve-name.ts';
import { type Logger, silentLogger } from './logger.ts';
import { demandVersions, readDeleted } from './reading/read-deleted.ts';
import { readLineage } from './reading/read-lineage.ts';
import type { ObjectStore } from './store/object-store.ts';

export interface UndeleteOptions {
  readonly store: ObjectStore;
  readonly dataset: string;
  /** Exactly as they stand after the `@`. */
  readonly snapshots: readonly string[];
  readonly signal?: AbortSignal;
  readonly logger?: Logger;
}

export interface UndeletePlanReport extends UndeletePlan {
  readonly dataset: string;
  readonly store: string;
}

export interface UndeleteResult {
  readonly dataset: string;
  readonly store: string;
  readonly notes: readonly string[];
  /** `dataset@snapshot`, in the order in which they came back. */
  readonly restored: readonly string[];
}

/** Reads what is there and what was deleted; changes nothing. Throws NO_SUCH_BACKUP, and USAGE where nothing is kept. */
export async function readUndeletePlan(options: UndeleteOptions): Promise<UndeletePlanReport> {
  const { store, dataset, snapshots: names, signal } = options;
  const call = signal ? { signal } : {};
  const deleted = (await readDeleted(store, dataset, call)).map(({ backup }) => backup);
  const plan = planUndelete({ lineage: await readLineage(store, dataset, call), deleted, names });
  if (plan.kind === 'plan') return { ...plan, dataset, store: store.url };
  const near = nearestNames(plan.asked, plan.deleted);
  throw new Zfs3BackupError(
    'NO_SUCH_BACKUP',
    `${store.url} has no deleted backup ${JSON.stringify(plan.asked)} of ${dataset} that could be brought back`,
    {
      advice:
        near.length > 0
          ? `There is: ${near.join(', ')}. \`zfs3backup status --deleted\` shows all.`
          : 'A bucket keeps what is deleted only while versioning is on, and until a lifecycle rule expires it.',
    },
  );
}

/** Brings back what a plan says, each before what builds on it. Throws typed errors; what came back before one stays. */
export async function runUndeletePlan(
  plan: UndeletePlanReport,
  options: UndeleteOptions,
): Promise<UndeleteResult> {
  const { store, logger = silentLogger, signal } = options;
  const restored: string[] = [];
  for (const backup of plan.steps) {
    await bringBack(store, backup, signal ? { signal } : {});
    restored.push(`${plan.dataset}@${backup.snapshot}`);
    logger.debug({ store: store.url, key: backup.key }, 'brought back');
  }
  const { dataset, notes } = plan;
  return { dataset, store: plan.store, notes, restored };
}

export async function undelete(options: UndeleteOptions): Promise<UndeleteResult> {
  return runUndeletePlan(await readUndeletePlan(options), options);
}

async function bringBack(
  store: ObjectStore,
  { key, recordKey }: Backup,
  call: { readonly signal?: AbortSignal },
): Promise<void> {
  const versions = demandVersions(store);
  call.signal?.throwIfAborted();
  await versions.undelete(key, call);
  if (recordKey !== undefined) await versions.undelete(recordKey, call);
}
