import { type ReindexOptions, readReindexPlan, runReindexPlan } from '../reindex.ts';
import type { CommandCall } from './program.ts';
import { printJson } from './render-json.ts';
import { reindexJson, renderReindexPlan, renderReindexResult } from './render-reindex.ts';
import { withSession } from './session.ts';

export function runReindex(call: CommandCall): Promise<number> {
  const { arguments: given, signal } = call;
  return withSession(call, async ({ config, context: { store }, logger }) => {
    // A FILESYSTEM in the configuration is what is backed up; records are for all that is in the store.
    const dataset = given.text('dataset');
    const options: ReindexOptions = {
      ...{ store, signal, logger, stale: given.flag('stale') },
      ...(dataset === undefined ? {} : { dataset }),
    };
    const plan = await readReindexPlan(options);
    const isDry = given.flag('dry-run');
    if (!isDry) await runReindexPlan(plan, options);
    if (given.flag('json')) await call.print(printJson(reindexJson(plan)));
    else if (isDry) await call.print(renderReindexPlan(plan));
    else if (!config.quiet) await call.print(renderReindexResult(plan));
    return 0;
  });
}
