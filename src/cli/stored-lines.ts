import type { StoredBackup } from '../backup.ts';
import type { CommandCall } from './program.ts';
import { renderParseable, renderStored } from './render-backup.ts';
import type { Session } from './session.ts';

/** Lines on stdout as backups are stored; none with `--json`. */
export function createStoredLines({ arguments: given }: CommandCall, { config, print }: Session) {
  let failure: { readonly error: unknown } | undefined;
  const lineOf = (stored: StoredBackup) => {
    if (given.flag('json')) return '';
    if (given.flag('parseable')) return renderParseable([[stored.name, stored.streamBytes]]);
    return config.quiet ? '' : `${renderStored(stored)}\n`;
  };
  return {
    /** An output that takes nothing does not keep the next snapshot from being stored. */
    async put(stored: StoredBackup): Promise<void> {
      try {
        if (!failure) await print(lineOf(stored));
      } catch (error) {
        failure = { error };
      }
    },
    throwIfFailed(): void {
      if (failure) throw failure.error;
    },
  };
}
