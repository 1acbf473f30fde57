import type { Backup } from './backup.ts';
import { type BackupName, MAX_KEY_BYTES, parseBackupName, utf8Bytes } from './key.ts';
import { decodeFacts, encodeFacts, NO_FACTS, type RecordFacts } from './record-facts.ts';

/** A key under the records, read. */
export interface RecordKey extends BackupName {
  readonly key: string;
  /** `undefined` where the key had no room for them, or a newer version wrote it: the object itself is asked then. */
  readonly facts: RecordFacts | undefined;
}

/** What to list for the records of all datasets, or of one and no other. `prefix` ends in `/`. */
export function recordsPrefix(prefix: string, dataset?: string): string {
  return `${prefix}.records/${dataset === undefined ? '' : `${dataset}@`}`;
}

/** `undefined` where the backup's own key is so long that no key of a record fits behind it. */
export function recordKey(prefix: string, name: BackupName, facts: RecordFacts): string | undefined {
  const folder = `${recordsPrefix(prefix, name.dataset)}${name.snapshot}/`;
  return [encodeFacts(facts), NO_FACTS]
    .map((element) => folder + element)
    .find((key) => utf8Bytes(key) <= MAX_KEY_BYTES);
}

/** `undefined` for a key that is no record's. Keys come from a bucket, so nothing about them is trusted. */
export function parseRecordKey(prefix: string, key: string): RecordKey | undefined {
  const start = recordsPrefix(prefix);
  if (!key.startsWith(start) || utf8Bytes(key) > MAX_KEY_BYTES) return undefined;
  const path = key.slice(start.length);
  const slash = path.lastIndexOf('/');
  const name = slash < 0 ? undefined : parseBackupName(path.slice(0, slash));
  const element = path.slice(slash + 1);
  if (name === undefined) return undefined;
  const facts = decodeFacts(element, name.dataset);
  return facts && { key, ...name, facts: facts === 'elsewhere' ? undefined : facts };
}

/** What a backup is by its record's key, and by what LIST tells of the object. */
export function backupOfFacts(
  { key: at, dataset, snapshot }: RecordKey,
  facts: RecordFacts,
  object: Pick<Backup, 'key' | 'storedBytes' | 'etag' | 'storedAt' | 'storageClass'>,
): Backup {
  const { kind, snapshotCreatedAt } = facts;
  return {
    ...object,
    dataset,
    snapshot,
    kind,
    parent: facts.parent ?? undefined,
    compressor: facts.compressor ?? undefined,
    encryptor: facts.encryptor ?? undefined,
    estimate: facts.estimate ?? undefined,
    guid: facts.guid ?? undefined,
    parentGuid: facts.parentGuid ?? undefined,
    recordKey: at,
    staleRecordKey: undefined,
    streamBytes: facts.streamBytes ?? undefined,
    sendFlags: facts.sendFlags ?? undefined,
    snapshotCreatedAt: snapshotCreatedAt === null ? undefined : new Date(snapshotCreatedAt),
  };
}
