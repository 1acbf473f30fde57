import { demandDataset } from '../config/demand.ts';
import { type DeleteOptions, readDeletePlan, runDeletePlan } from '../delete.ts';
import { demandConsent, isAgreed, nothingDeleted } from './confirm-deletion.ts';
import { readNamedBackups } from './named-backups.ts';
import type { CommandCall } from './program.ts';
import {
  deletionJson,
  deletionPlanJson,
  renderDeletionResult,
  renderNamedDeletions,
} from './render-deletion.ts';
import { printJson } from './render-json.ts';
import { type Session, withSession } from './session.ts';

export function runDelete(call: CommandCall): Promise<number> {
  const { snapshots, flags, problems } = readNamedBackups(call);
  return withSession(call, (session) => deleteNamed(call, session, snapshots), {
    flags,
    problems: [...problems, ...demandConsent(call)],
  });
}

async function deleteNamed(
  call: CommandCall,
  session: Session,
  snapshots: readonly string[],
): Promise<number> {
  const { arguments: given, signal } = call;
  const { config, context, logger, file } = session;
  const isJson = given.flag('json');
  const options: DeleteOptions = {
    ...{ store: context.store, dataset: demandDataset(config, file), snapshots, logger, signal },
    withChildren: given.flag('with-children'),
    force: given.flag('force'),
    onDeleted: ({ name }) => session.remark(`deleted ${name}`),
  };
  const plan = await readDeletePlan(options);
  if (given.flag('dry-run')) {
    const text = isJson ? printJson(deletionPlanJson(plan)) : renderNamedDeletions(plan, call.stdout.style);
    await call.print(text);
    return 0;
  }
  const agreed = await isAgreed(call, plan, renderNamedDeletions(plan, call.stderr.style));
  if (agreed) for (const warning of plan.warnings) session.remark(warning);
  const result = agreed ? await runDeletePlan(plan, options) : nothingDeleted(plan);
  if (isJson) await call.print(printJson(deletionJson(result)));
  else if (!config.quiet) await call.print(renderDeletionResult(result));
  return 0;
}
