import type { Backup } from '../lineage/backup.ts';
import type { MarkStep } from '../lineage/marks.ts';
import type { SnapshotSource } from '../sources/source.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** The very commands that these steps run. */
export function markCommands(
  source: SnapshotSource,
  steps: readonly MarkStep[],
): readonly (readonly string[])[] {
  return steps.flatMap((step) => {
    const command = source.markCommand?.(step);
    return command ? [command] : [];
  });
}

/** What a person would type for the stream of a backup, or for what its receiver still lacks. */
export function streamCommand(
  store: ObjectStore,
  { dataset, snapshot }: Backup,
  token?: string,
): readonly string[] {
  const resume = token === undefined ? [] : ['--resume-token', token];
  return ['zfs3backup', 'restore', ...store.arguments, '--stdout', ...resume, `${dataset}@${snapshot}`];
}
