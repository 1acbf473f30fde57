import type { ConfigProblem } from '../errors.ts';
import type { DeletionReport, DeletionResult } from '../prune.ts';
import { askYes, canAsk } from './ask.ts';
import type { CommandCall } from './program.ts';
import { deletionQuestion } from './render-deletion.ts';

/** Where there is nobody to ask, consent stands on the command line. */
export function demandConsent({ arguments: given, io }: CommandCall): readonly ConfigProblem[] {
  if (given.flag('yes') || given.flag('dry-run') || canAsk(io)) return [];
  const message = 'is needed where nobody can be asked; --dry-run shows what would be deleted';
  return [{ where: '--yes', message }];
}

/** `shown` is what a person must have seen before. */
export async function isAgreed(call: CommandCall, report: DeletionReport, shown: string): Promise<boolean> {
  if (call.arguments.flag('yes')) return true;
  call.io.stderr.write(shown);
  return askYes(call, deletionQuestion(report));
}

export function nothingDeleted({ dataset, store }: DeletionReport): DeletionResult {
  return { dataset, store, deleted: [], spared: [], storedBytes: 0 };
}
