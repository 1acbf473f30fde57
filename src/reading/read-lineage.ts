import type { Backup, Lineage } from '../lineage/backup.ts';
import { buildLineage } from '../lineage/lineage.ts';
import type { CallOptions, ObjectStore } from '../store/object-store.ts';
import { readBackups } from './read-backups.ts';

/** All backups of one dataset. */
export async function readLineage(
  store: ObjectStore,
  dataset: string,
  options: CallOptions = {},
): Promise<Lineage> {
  const { backups } = await readBackups(store, dataset, options);
  return buildLineage(dataset, backups);
}

/** All backups in the store, a lineage for each dataset, by name. */
export async function readLineages(
  store: ObjectStore,
  options: CallOptions = {},
): Promise<readonly Lineage[]> {
  const { backups } = await readBackups(store, undefined, options);
  return groupByDataset(backups);
}

/** A lineage for each dataset, by name. */
export function groupByDataset(backups: readonly Backup[]): readonly Lineage[] {
  const datasets = new Map<string, Backup[]>();
  for (const backup of backups) {
    const known = datasets.get(backup.dataset);
    if (known) known.push(backup);
    else datasets.set(backup.dataset, [backup]);
  }
  return [...datasets]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([dataset, those]) => buildLineage(dataset, those));
}
