import { demandDataset } from '../config/demand.ts';
import { ConfigError } from '../errors.ts';
import { type RestoreOptions, readRestorePlan, runRestorePlan } from '../restore.ts';
import type { CommandCall } from './program.ts';
import { renderRestorePlan, renderRestoreResult } from './render-restore.ts';
import { type Session, withSession } from './session.ts';

export function runRestore(call: CommandCall): Promise<number> {
  const { flags, snapshot } = readSnapshot(call);
  return withSession(call, flags, async (session) => {
    const options = restoreOptions(call, session, snapshot);
    const plan = await readRestorePlan(options);
    if (call.arguments.flag('dry-run')) {
      await call.print(renderRestorePlan(plan, call.stdout.style));
      return 0;
    }
    for (const note of plan.notes) session.remark(note);
    for (const loss of plan.losses) session.remark(`--force: ${loss} will be lost`);
    const result = await session.watch((onProgress) => runRestorePlan(plan, { ...options, onProgress }));
    await call.print(renderRestoreResult(result));
    return 0;
  });
}

/** `dataset@name` names the dataset too: a configured one gives way, one on the command line must agree. */
function readSnapshot({ arguments: given }: CommandCall) {
  const word = given.positionals[0] ?? '';
  const at = word.indexOf('@');
  const dataset = at < 0 ? '' : word.slice(0, at);
  const snapshot = word.slice(at + 1);
  const asked = given.text('dataset');
  if (snapshot === '') throw new ConfigError([{ where: word || 'SNAPSHOT', message: 'names no snapshot' }]);
  if (dataset === '') return { flags: given.values, snapshot };
  if (asked !== undefined && asked !== dataset) {
    throw new ConfigError([
      { where: '--dataset', message: `${asked} is another dataset than that of ${word}` },
    ]);
  }
  return { flags: { ...given.values, dataset }, snapshot };
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
    maxRetries: config.maxRetries,
    signal,
    logger,
  };
}
