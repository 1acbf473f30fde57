import type { MarkStep } from './lineage/marks.ts';
import { planRelease } from './lineage/plan-marks.ts';
import { noSuchDataset } from './reading/no-such-dataset.ts';
import { markCommands } from './reading/typed-commands.ts';
import type { SnapshotSource } from './sources/source.ts';
import type { ObjectStore } from './store/object-store.ts';
import { storeId } from './store/store-id.ts';

export interface ReleaseOptions {
  readonly source: SnapshotSource;
  readonly dataset: string;
  /** Whose holds and bookmarks go; without one those that were left for any store. */
  readonly store?: Pick<ObjectStore, 'url' | 'prefix' | 'server'>;
  readonly signal?: AbortSignal;
}

export interface ReleasePlanReport {
  readonly dataset: string;
  /** `null` for all stores. */
  readonly store: string | null;
  /** Empty when there is nothing to release. */
  readonly steps: readonly MarkStep[];
  /** What a person would type for them. */
  readonly commands: readonly (readonly string[])[];
}

/**
 * Takes away the holds and bookmarks that backups left here, and no other. Without them a snapshot that is destroyed
 * before the next backup may cost a new full one. Throws typed errors; what was released before one stays so.
 */
export async function release(options: ReleaseOptions): Promise<ReleasePlanReport> {
  return runReleasePlan(await readReleasePlan(options), options);
}

/** Looks and plans; changes nothing. Throws NO_SUCH_DATASET. */
export async function readReleasePlan({
  source,
  dataset,
  store,
  signal,
}: ReleaseOptions): Promise<ReleasePlanReport> {
  const state = await source.readDataset(dataset, signal ? { signal } : {});
  if (!state) throw noSuchDataset(dataset);
  const steps = state.marks ? planRelease(dataset, state.marks, store && storeId(store)) : [];
  return { dataset, store: store?.url ?? null, steps, commands: markCommands(source, steps) };
}

/** Runs the very steps of a plan. */
export async function runReleasePlan(
  plan: ReleasePlanReport,
  { source, signal }: ReleaseOptions,
): Promise<ReleasePlanReport> {
  for (const step of plan.steps) await source.mark?.(step, signal ? { signal } : {});
  return plan;
}
