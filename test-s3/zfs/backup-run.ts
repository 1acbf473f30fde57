import { type BackupOptions, type BackupResult, backup } from '../../src/backup.ts';
import { createFilterRegistry } from '../../src/filters/registry.ts';
import { createZfsSource } from '../../src/sources/zfs/zfs-source.ts';
import { createDirectoryStore } from '../../src/store/directory-store.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import type { TestDataset } from '../main/test-dataset.ts';
import { createTestFolder } from '../test-folder.ts';

export const source = createZfsSource();
export const filters = createFilterRegistry();

export async function createStore(): Promise<ObjectStore> {
  return createDirectoryStore({ path: await createTestFolder('store'), prefix: 'p/' });
}

export function backUp(
  store: ObjectStore,
  { name }: Pick<TestDataset, 'name'>,
  more: Partial<BackupOptions> = {},
): Promise<BackupResult> {
  return backup({ store, source, dataset: name, ...more });
}

/** `b<a`, or `full b`. */
export function made({ backups }: BackupResult): readonly string[] {
  const nameOf = (name: string) => name.slice(name.indexOf('@') + 1);
  return backups.map(({ name, kind, parent }) =>
    kind === 'full' ? `full ${nameOf(name)}` : `${nameOf(name)}<${parent}`,
  );
}
