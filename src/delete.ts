import { Zfs3BackupError } from './errors.ts';
import type { Backup } from './lineage/backup.ts';
import { conflictError } from './lineage/conflict-error.ts';
import { type DeletionPlan, identityOf } from './lineage/deletions.ts';
import { type DeleteConflict, planDelete } from './lineage/plan-delete.ts';
import type { Logger } from './logger.ts';
import type { DeletionReport } from './prune.ts';
import { readDeletionFacts } from './reading/read-deletion-facts.ts';
import { readDeletionWarnings } from './reading/read-deletion-warnings.ts';
import { type DeletedBackup, type DeletionResult, runDeletions } from './steps/run-deletions.ts';
import type { ObjectStore } from './store/object-store.ts';

export interface DeleteOptions {
  readonly store: ObjectStore;
  readonly dataset: string;
  /** Exactly as they stand after the `@`. */
  readonly snapshots: readonly string[];
  /** Delete what builds on them, too. */
  readonly withChildren?: boolean;
  /** Consent to there being nothing left that can be restored. */
  readonly force?: boolean;
  /** The time, for tests. */
  readonly now?: () => Date;
  readonly signal?: AbortSignal;
  readonly logger?: Logger;
  /** Called when a backup is gone. */
  readonly onDeleted?: (deleted: DeletedBackup) => void;
}

/** Reads the store and plans; changes nothing. Throws NO_SUCH_BACKUP, BROKEN_CHAIN, WOULD_LOSE_DATA, UPLOAD_IN_PROGRESS. */
export async function readDeletePlan(options: DeleteOptions): Promise<DeletionReport> {
  const { store, signal, snapshots, now = () => new Date() } = options;
  const call = signal ? { signal } : {};
  const plan = await readPlan(options, snapshots);
  const warnings = await readDeletionWarnings(store, plan.deletions, now(), call);
  return { ...plan, store: store.url, warnings };
}

/** Deletes what a plan says. Throws before it deletes anything that something else builds on by now. */
export function runDeletePlan(plan: DeletionReport, options: DeleteOptions): Promise<DeletionResult> {
  const { store, signal, logger, onDeleted } = options;
  return runDeletions({
    ...{ store, plan, signal, logger, onDeleted },
    replan: (agreed) => readPlan({ ...options, withChildren: false }, [], agreed),
  });
}

/** Deletes backups by name. Throws typed errors; what is left then is whole chains. */
export async function deleteBackups(options: DeleteOptions): Promise<DeletionResult> {
  return runDeletePlan(await readDeletePlan(options), options);
}

async function readPlan(
  options: DeleteOptions,
  names: readonly string[],
  agreed?: readonly Backup[],
): Promise<DeletionPlan> {
  const { store, dataset, signal, withChildren = false, force = false, now = () => new Date() } = options;
  const facts = await readDeletionFacts({ store, dataset, now: now() }, signal ? { signal } : {});
  // What is gone by now needs no deleting, and what took its place was not agreed to.
  const there = new Set(facts.lineage.entries.map(({ backup }) => identityOf(backup)));
  const same = agreed?.filter((backup) => there.has(identityOf(backup))).map(({ snapshot }) => snapshot);
  const plan = planDelete({ ...facts, names: same ?? names, withChildren, force });
  if (plan.kind !== 'plan') throw deleteError(plan);
  return plan;
}

const LISTED = 10;

function deleteError(conflict: DeleteConflict): Zfs3BackupError {
  switch (conflict.kind) {
    case 'no-such-backup':
      return conflictError(conflict);
    case 'has-children': {
      const { dataset, names, children } = conflict;
      const what = names.length === 1 ? `${dataset}@${names[0]}` : `${names.length} backups of ${dataset}`;
      const builds = children.length === 1 ? '1 backup builds' : `${children.length} backups build`;
      const more = children.length > LISTED ? ` and ${children.length - LISTED} more` : '';
      const listed = children.slice(0, LISTED).join(', ');
      return new Zfs3BackupError(
        'BROKEN_CHAIN',
        `${what} cannot be deleted: ${builds} on it and could not be restored any more: ${listed}${more}`,
        { advice: '--with-children deletes those as well.' },
      );
    }
    case 'last-chain': {
      const { dataset, snapshot } = conflict;
      return new Zfs3BackupError(
        'WOULD_LOSE_DATA',
        `${dataset} would have no backup left that can be restored: ${snapshot} is the last one`,
        { advice: '--force deletes it all the same.' },
      );
    }
    case 'is-held': {
      const { dataset, snapshot, reason } = conflict;
      return new Zfs3BackupError(
        'UPLOAD_IN_PROGRESS',
        `${dataset}@${snapshot} cannot be deleted now: ${reason}`,
        {
          advice:
            'Wait for the upload to end. If nobody is at it, `zfs3backup cleanup` drops it once it is old enough (--older-than).',
        },
      );
    }
  }
}
