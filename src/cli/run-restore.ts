import { demandDataset } from '../config/demand.ts';
import type { ConfigProblem } from '../errors.ts';
import { type RestoreOptions, readRestorePlan, runRestorePlan } from '../restore.ts';
import type { CommandCall } from './program.ts';
import { printJson, restoreJson, restorePlanJson } from './render-json.ts';
import { renderRestorePlan, renderRestoreResult } from './render-restore.ts';
import { type Session, withSession } from './session.ts';

export function runRestore(call: CommandCall): Promise<number> {
  const { snapshot, ...options } = readSnapshot(call);
  return withSession(call, (session) => bringBack(call, session, snapshot), options);
}

async function bringBack(call: CommandCall, session: Session, snapshot: string): Promise<number> {
  const isJson = call.arguments.flag('json');
  const options = restoreOptions(call, session, snapshot);
  const plan = await readRestorePlan(options);
  if (call.arguments.flag('dry-run')) {
    await call.print(isJson ? printJson(restorePlanJson(plan)) : renderRestorePlan(plan, call.stdout.style));
    return 0;
  }
  if (plan.steps.length > 0) for (const note of plan.notes) session.remark(note);
  for (const loss of plan.losses) session.remark(`--force: ${loss} will be lost`);
  const result = await session.watch((onProgress) => runRestorePlan(plan, { ...options, onProgress }));
  if (plan.steps.length > 0) session.sumUp({ verb: 'restore', item: plan.target }, result.summary);
  if (isJson) await call.print(printJson(restoreJson(result)));
  else if (!session.config.quiet) await call.print(renderRestoreResult(result));
  return 0;
}

/** `dataset@name` names the dataset too: a configured one gives way, one on the command line must agree. */
function readSnapshot({ arguments: given }: CommandCall) {
  const word = given.positionals[0] ?? '';
  const at = word.indexOf('@');
  const dataset = at < 0 ? '' : word.slice(0, at);
  const snapshot = word.slice(at + 1);
  const asked = given.text('dataset');
  const problems: ConfigProblem[] = [];
  if (snapshot === '') problems.push({ where: word || 'SNAPSHOT', message: 'names no snapshot' });
  if (dataset !== '' && asked !== undefined && asked !== dataset) {
    problems.push({ where: '--dataset', message: `${asked} is another dataset than that of ${word}` });
  }
  return { flags: dataset === '' ? given.values : { ...given.values, dataset }, snapshot, problems };
}

function restoreOptions(
  { arguments: given, signal }: CommandCall,
  { config, context, logger, file }: Session,
  snapshot: string,
): RestoreOptions {
  const target = given.text('to');
  return {
    store: context.store,
    source: context.source,
    filters: context.filters,
    dataset: demandDataset(config, file),
    snapshot,
    ...(target === undefined ? {} : { target }),
    force: given.flag('force'),
    mount: given.flag('mount'),
    snapshotPrefix: config.snapshotPrefix,
    expect: config.expect,
    inspect: config.inspect,
    ...(config.concurrency ? { concurrency: config.concurrency } : {}),
    maxMemory: config.maxMemory,
    maxRetries: config.maxRetries,
    signal,
    logger,
  };
}
