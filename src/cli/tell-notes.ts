import type { Session } from './session.ts';

/** Why a plan is as it is; `--quiet` leaves out what is well. */
export function tellNotes(
  { config, logger, remark }: Session,
  { notes, warnings = [] }: { readonly notes: readonly string[]; readonly warnings?: readonly string[] },
): void {
  if (config.quiet) for (const warning of warnings) logger.warn({}, warning);
  else for (const note of notes) remark(note);
}
