import { demandDataset } from '../config/demand.ts';
import { readReleasePlan, runReleasePlan } from '../release.ts';
import type { CommandCall } from './program.ts';
import { printJson } from './render-json.ts';
import { releaseJson, renderRelease, renderReleasePlan } from './render-release.ts';
import { type DatasetReport, runEach, textOf } from './run-each.ts';
import { type Session, withSession } from './session.ts';

export function runRelease(call: CommandCall): Promise<number> {
  return withSession(call, async (session) => {
    const { config, datasets, file } = session;
    if (config.dataset === undefined && datasets.length > 0) {
      return runEach(call, session, (dataset) => releaseOne(call, session, dataset));
    }
    const report = await releaseOne(call, session, demandDataset(config, file));
    await call.print(call.arguments.flag('json') ? printJson(report.json) : textOf(call, report));
    return 0;
  });
}

async function releaseOne(
  { arguments: given, signal }: CommandCall,
  { context: { source, store }, config }: Session,
  dataset: string,
): Promise<DatasetReport> {
  const options = { source, dataset, signal, ...(given.flag('all-stores') ? {} : { store }) };
  const plan = await readReleasePlan(options);
  if (given.flag('dry-run')) {
    return { json: releaseJson(plan), parseable: '', text: renderReleasePlan(plan) };
  }
  await runReleasePlan(plan, options);
  return { json: releaseJson(plan), parseable: '', text: config.quiet ? '' : renderRelease(plan) };
}
