import pLimit from 'p-limit';
import { encodeRecord } from './lineage/encode-record.ts';
import { planReindex, type ReindexPlan, type ReindexStep } from './lineage/plan-reindex.ts';
import { type Logger, silentLogger } from './logger.ts';
import { readBackups } from './reading/read-backups.ts';
import { readTool } from './steps/write-record.ts';
import type { CallOptions, ObjectStore } from './store/object-store.ts';
import { untilDone } from './stream/until-done.ts';

export type { ReindexStep } from './lineage/plan-reindex.ts';

/** Each is a small request. */
const STEPS_AT_ONCE = 16;

export interface ReindexOptions {
  readonly store: ObjectStore;
  /** Only its backups; default: all that are under the store's prefix. */
  readonly dataset?: string;
  /** Also make anew the records that tell of another object than the one that is there; then the old ones go. */
  readonly stale?: boolean;
  readonly signal?: AbortSignal;
  readonly logger?: Logger;
}

export interface ReindexReport extends ReindexPlan {
  readonly store: string;
  /** How many backups have a record already. */
  readonly recorded: number;
}

/** Looks for backups without a record, by listings and one HEAD for each; changes nothing. */
export async function readReindexPlan(options: ReindexOptions): Promise<ReindexReport> {
  const { store, dataset, stale = false, signal } = options;
  const { backups, superseded } = await readBackups(store, dataset, signal ? { signal } : {});
  const { prefix } = store;
  const plan = planReindex({ prefix, backups, superseded, stale, tool: await readTool() });
  const recorded = backups.filter(({ recordKey }) => recordKey !== undefined).length;
  return { store: store.url, recorded, ...plan };
}

/**
 * Runs the very steps of a plan. Throws the first error; what was written before stays, and the next run has that
 * much less to do. Records are written before the ones that they stand for are removed.
 */
export async function runReindexPlan(plan: ReindexReport, options: ReindexOptions): Promise<ReindexReport> {
  const { store, signal, logger = silentLogger } = options;
  await untilDone(signal, async (running) => {
    const call = { signal: running };
    for (const what of ['write', 'remove'] as const) {
      const limit = pLimit(STEPS_AT_ONCE);
      const steps = plan.steps.filter((step) => step.do === what);
      await Promise.all(steps.map((step) => limit(() => runStep(store, step, call))));
      for (const { key } of steps) logger.debug({ key }, `${what} record`);
    }
  });
  return plan;
}

/** Makes records, from their metadata, for the backups that have none: z3's, and those whose record could not be written. */
export async function reindex(options: ReindexOptions): Promise<ReindexReport> {
  return runReindexPlan(await readReindexPlan(options), options);
}

async function runStep(store: ObjectStore, step: ReindexStep, call: CallOptions): Promise<void> {
  call.signal?.throwIfAborted();
  if (step.do === 'remove') await store.remove(step.key, call);
  else await store.put(step.key, encodeRecord(step.record), { ...call, beside: true });
}
