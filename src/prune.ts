import type { DeletionItem, DeletionPlan } from './lineage/deletions.ts';
import { planRetention } from './lineage/plan-retention.ts';
import { parseRetention, type RetentionRules } from './lineage/retention.ts';
import type { Logger } from './logger.ts';
import { readDeletionFacts } from './reading/read-deletion-facts.ts';
import { readDeletionWarnings } from './reading/read-deletion-warnings.ts';
import type { SnapshotSource } from './sources/source.ts';
import { agreedSet, type DeletedBackup, type DeletionResult, runDeletions } from './steps/run-deletions.ts';
import type { ObjectStore } from './store/object-store.ts';

export type { DeletionItem, DeletionPlan } from './lineage/deletions.ts';
export type { DeletedBackup, DeletionResult, KeptBackup } from './steps/run-deletions.ts';

export interface PruneOptions {
  readonly store: ObjectStore;
  /** Tells what the next incremental will build on, which is kept; without it, only the store is looked at. */
  readonly source?: SnapshotSource;
  readonly dataset: string;
  /** Such as `10,1d1w,1w1m,1m1y` (docs/retention.md). */
  readonly keep: string | RetentionRules;
  /** The time, for tests. */
  readonly now?: () => Date;
  readonly signal?: AbortSignal;
  readonly logger?: Logger;
  /** Called when a backup is gone. */
  readonly onDeleted?: (deleted: DeletedBackup) => void;
}

/** What will be deleted, what stays, and why; for `prune` and `delete`. */
export interface DeletionReport extends DeletionPlan {
  readonly store: string;
  readonly items: readonly DeletionItem[];
  /** What a person should know first, one sentence each. */
  readonly warnings: readonly string[];
}

/** Reads the store and plans; changes nothing. Throws USAGE for rules that are none. */
export async function readPrunePlan(options: PruneOptions): Promise<DeletionReport> {
  const { store, signal, now = () => new Date() } = options;
  const call = signal ? { signal } : {};
  const plan = await readPlan(options);
  const warnings = await readDeletionWarnings(store, plan.deletions, now(), call);
  return { ...plan, store: store.url, warnings: [...warnings, ...oneLongChain(plan)] };
}

/** Deletes what a plan says, except for what has changed since: see `DeletionResult.spared`. */
export function runPrunePlan(plan: DeletionReport, options: PruneOptions): Promise<DeletionResult> {
  const { store, signal, logger, onDeleted } = options;
  return runDeletions({
    ...{ store, plan, signal, logger, onDeleted },
    replan: (agreed) => readPlan(options, agreedSet(agreed)),
  });
}

/** Deletes the backups of a dataset that no rule keeps. Throws typed errors; what is left then is whole chains. */
export async function prune(options: PruneOptions): Promise<DeletionResult> {
  return runPrunePlan(await readPrunePlan(options), options);
}

/** Who never makes a full backup wonders why nothing is ever pruned. */
function oneLongChain({ ancestors, deletions }: DeletionPlan): readonly string[] {
  if (ancestors === 0 || deletions.length > 0) return [];
  const [stay, them] = ancestors === 1 ? ['1 backup stays', 'it'] : [`${ancestors} backups stay`, 'them'];
  return [
    `${stay} only because newer ones build on ${them}: \`zfs3backup backup --full\` begins a new chain, beside which the old one can go.`,
  ];
}

async function readPlan(options: PruneOptions, agreed?: ReadonlySet<string>): Promise<DeletionPlan> {
  const { store, source, dataset, keep, signal, now: clock = () => new Date() } = options;
  const rules = typeof keep === 'string' ? parseRetention(keep) : keep;
  const now = clock();
  const facts = await readDeletionFacts({ store, source, dataset, now }, signal ? { signal } : {});
  return planRetention({ ...facts, rules, now, agreed });
}
