import { demandDataset } from '../config/demand.ts';
import { readUndeletePlan, runUndeletePlan, type UndeleteOptions } from '../undelete.ts';
import { readNamedBackups } from './named-backups.ts';
import type { CommandCall } from './program.ts';
import { printJson } from './render-json.ts';
import { renderUndeleted, renderUndeletePlan, undeletedJson, undeletePlanJson } from './render-undelete.ts';
import { withSession } from './session.ts';

export function runUndelete(call: CommandCall): Promise<number> {
  const { arguments: given, signal } = call;
  const { snapshots, flags, problems } = readNamedBackups(call);
  return withSession(
    call,
    async ({ config, context: { store }, logger, file }) => {
      const dataset = demandDataset(config, file);
      const options: UndeleteOptions = { store, dataset, snapshots, logger, signal };
      const plan = await readUndeletePlan(options);
      const isJson = given.flag('json');
      if (given.flag('dry-run')) {
        await call.print(isJson ? printJson(undeletePlanJson(plan)) : renderUndeletePlan(plan));
        return 0;
      }
      const result = await runUndeletePlan(plan, options);
      if (isJson) await call.print(printJson(undeletedJson(result)));
      else if (!config.quiet) await call.print(renderUndeleted(result));
      return 0;
    },
    { flags, problems },
  );
}
