import type { BackupPlan, BackupRequest, UnmarkedPlan } from './backup-plan.ts';
import type { CommonBase } from './common-base.ts';
import { createMarkPlanner } from './plan-marks.ts';
import { compareDecimals } from './snapshot.ts';

/**
 * The marks that go with the steps of a plan: always on the newest that both sides have, so that a step in the middle
 * of what is stored moves none. What a run before this one left undone is made good first.
 */
export function leaveMarks(
  { dataset, marks, markSettings }: BackupRequest,
  plan: UnmarkedPlan,
  common: readonly CommonBase[],
): Pick<BackupPlan, 'before' | 'steps'> {
  if (!marks || !markSettings) {
    return { before: [], steps: plan.steps.map((step) => ({ ...step, after: [] })) };
  }
  const planner = createMarkPlanner(dataset, marks, markSettings);
  let base = common.findLast(({ entry }) => entry.health === 'ok')?.local;
  const before = base === undefined ? [] : planner.keep(base);
  const steps = plan.steps.map((step) => {
    const { snapshot } = step;
    if (base !== undefined && compareDecimals(snapshot.createtxg, base.createtxg) < 0) {
      return { ...step, after: [] };
    }
    base = snapshot;
    return { ...step, after: planner.keep(snapshot) };
  });
  return { before, steps };
}
