import { encodeRecord } from '../lineage/encode-record.ts';
import { parseBackupKey } from '../lineage/key.ts';
import type { BackupRecord } from '../lineage/record.ts';
import { recordKey } from '../lineage/record-key.ts';
import { readVersion } from '../reading/read-version.ts';
import type { CallOptions, ObjectStore } from '../store/object-store.ts';

/** As records name what wrote them. */
export async function readTool(): Promise<string> {
  return `zfs3backup ${await readVersion()}`;
}

/**
 * Stores a record beside its backup, in one step; the same record twice is one. Returns its key, or `undefined` where
 * the backup's own key is so long that no key of a record fits. Throws `StoreError`.
 */
export async function writeRecord(
  store: ObjectStore,
  record: BackupRecord,
  options: CallOptions = {},
): Promise<string | undefined> {
  const name = parseBackupKey(store.prefix, record.key);
  const key = name && recordKey(store.prefix, name, record);
  if (key === undefined) return undefined;
  await store.put(key, encodeRecord(record), { ...options, beside: true });
  return key;
}
