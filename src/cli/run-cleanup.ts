import { type CleanupOptions, readCleanupPlan, runCleanupPlan } from '../cleanup.ts';
import { parseDuration } from '../config/rate.ts';
import { type ConfigProblem, Zfs3BackupError } from '../errors.ts';
import type { CommandCall } from './program.ts';
import { cleanupJson, cleanupPlanJson, renderCleanupPlan, renderCleanupResult } from './render-cleanup.ts';
import { printJson } from './render-json.ts';
import { withSession } from './session.ts';

export function runCleanup(call: CommandCall): Promise<number> {
  const { arguments: given, signal } = call;
  const { olderThan, problems } = readOlderThan(given.text('older-than'));
  return withSession(
    call,
    async ({ config, context: { store }, logger }) => {
      // A FILESYSTEM in the configuration is what is backed up, not what may be cleaned.
      const dataset = given.text('dataset');
      const options: CleanupOptions = {
        ...{ store, signal, logger },
        ...(dataset === undefined ? {} : { dataset }),
        ...(olderThan === undefined ? {} : { olderThan }),
      };
      const plan = await readCleanupPlan(options);
      if (given.flag('dry-run')) {
        await call.print(given.flag('json') ? printJson(cleanupPlanJson(plan)) : renderCleanupPlan(plan));
        return 0;
      }
      const result = await runCleanupPlan(plan, options);
      if (given.flag('json')) await call.print(printJson(cleanupJson(result)));
      else if (!config.quiet) await call.print(renderCleanupResult(result));
      return 0;
    },
    { problems },
  );
}

function readOlderThan(text: string | undefined): {
  readonly olderThan?: number;
  readonly problems: readonly ConfigProblem[];
} {
  if (text === undefined) return { problems: [] };
  try {
    return { olderThan: parseDuration(text), problems: [] };
  } catch (error) {
    if (!(error instanceof Zfs3BackupError)) throw error;
    return { problems: [{ where: '--older-than', message: error.message }] };
  }
}
