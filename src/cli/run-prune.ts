import { ConfigError } from '../errors.ts';
import { type PruneOptions, readPrunePlan, runPrunePlan } from '../prune.ts';
import { demandConsent, isAgreed, nothingDeleted } from './confirm-deletion.ts';
import type { CommandCall } from './program.ts';
import {
  deletionJson,
  deletionPlanJson,
  renderDeletionPlan,
  renderDeletionResult,
} from './render-deletion.ts';
import { type DatasetReport, runChosen } from './run-each.ts';
import { type Session, withSession } from './session.ts';

export function runPrune(call: CommandCall): Promise<number> {
  return withSession(
    call,
    async (session) => {
      const { datasets } = session;
      const ruled = datasets.filter((dataset) => session.configFor(dataset).keep !== undefined);
      if (session.config.dataset === undefined && datasets.length > 0 && ruled.length === 0) {
        throw noRules('any dataset');
      }
      const some = { ...session, datasets: ruled };
      return runChosen(call, some, (dataset) => pruneOne(call, session, dataset));
    },
    { problems: demandConsent(call) },
  );
}

async function pruneOne(call: CommandCall, session: Session, dataset: string): Promise<DatasetReport> {
  const { context, logger } = session;
  const { keep, quiet } = session.configFor(dataset);
  if (keep === undefined) throw noRules(dataset);
  const options: PruneOptions = {
    ...{ store: context.store, source: context.source, dataset, keep, logger, signal: call.signal },
    onDeleted: ({ name }) => session.remark(`deleted ${name}`),
  };
  const plan = await readPrunePlan(options);
  const shown = renderDeletionPlan(plan, call.stdout.style);
  if (call.arguments.flag('dry-run') || plan.deletions.length === 0) {
    const json = call.arguments.flag('dry-run') ? deletionPlanJson(plan) : deletionJson(nothingDeleted(plan));
    return { json, parseable: shown, text: quiet && !call.arguments.flag('dry-run') ? '' : shown };
  }
  const agreed = await isAgreed(call, plan, renderDeletionPlan(plan, call.stderr.style));
  if (agreed) for (const warning of plan.warnings) session.remark(warning);
  const result = agreed ? await runPrunePlan(plan, options) : nothingDeleted(plan);
  const text = quiet ? '' : renderDeletionResult(result);
  return { json: deletionJson(result), parseable: text, text };
}

function noRules(dataset: string): ConfigError {
  const message = `nothing says which backups of ${dataset} to keep`;
  return new ConfigError([{ where: 'KEEP', message }], {
    advice: 'Set KEEP (--keep), for instance to 10,1d1w,1w1m,1m1y; docs/retention.md explains it.',
  });
}
