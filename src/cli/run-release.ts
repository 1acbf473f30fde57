import { readReleasePlan, runReleasePlan } from '../release.ts';
import type { CommandCall } from './program.ts';
import { releaseJson, renderRelease, renderReleasePlan } from './render-release.ts';
import { type DatasetReport, runChosen } from './run-each.ts';
import { type Session, withSession } from './session.ts';

export function runRelease(call: CommandCall): Promise<number> {
  return withSession(call, (session) =>
    runChosen(call, session, (dataset) => releaseOne(call, session, dataset)),
  );
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
