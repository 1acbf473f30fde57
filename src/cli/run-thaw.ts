import { demandDataset } from '../config/demand.ts';
import { thaw } from '../thaw.ts';
import type { CommandCall } from './program.ts';
import { printJson } from './render-json.ts';
import { renderThaw, thawJson } from './render-thaw.ts';
import type { RestoreQuestion } from './restore-question.ts';
import type { Session } from './session.ts';

/** `restore --thaw DAYS`: asks for what is archived, and tells how far it is. */
export async function runThaw(
  call: CommandCall,
  { config, context, file }: Session,
  { choice, way }: RestoreQuestion,
): Promise<number> {
  if (way.kind !== 'thaw') throw new TypeError('nothing is to be thawed');
  const result = await thaw({
    store: context.store,
    dataset: demandDataset(config, file),
    snapshot: choice,
    snapshotPrefix: config.snapshotPrefix,
    days: way.days,
    tier: way.tier,
    dryRun: call.arguments.flag('dry-run'),
    signal: call.signal,
  });
  const isJson = call.arguments.flag('json');
  await call.print(isJson ? printJson(thawJson(result)) : renderThaw(result, call.stdout.style));
  return 0;
}
