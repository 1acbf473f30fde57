import type { Backup } from './backup.ts';
import { parseBackupKey } from './key.ts';
import type { RecordFacts } from './record-facts.ts';
import { backupOfFacts, parseRecordKey, type RecordKey } from './record-key.ts';

/** What a LIST tells of an object. */
export interface ListedObject {
  readonly key: string;
  readonly bytes: number;
  readonly etag: string | undefined;
  readonly modifiedAt: Date;
  readonly storageClass: string | undefined;
}

/** A backup that has to be asked itself. */
export interface UnknownBackup extends Pick<Backup, 'recordKey' | 'staleRecordKey'> {
  readonly object: ListedObject;
}

export interface JoinedRecords {
  /** Those whose record tells all that planning asks. */
  readonly recorded: readonly Backup[];
  readonly unknown: readonly UnknownBackup[];
  /** Records under whose name there is no backup. */
  readonly orphans: readonly RecordKey[];
  /** Records beside which there is a better one of the very object: of one that was there before, or made of less. */
  readonly superseded: readonly RecordKey[];
}

interface FoundBackup {
  readonly object: ListedObject;
  readonly records: RecordKey[];
}

/** Puts the records to their backups: keys in any order, of anything that is in a bucket. */
export function joinRecords(prefix: string, objects: Iterable<ListedObject>): JoinedRecords {
  const backups = new Map<string, FoundBackup>();
  const records: RecordKey[] = [];
  for (const object of objects) {
    const name = parseBackupKey(prefix, object.key);
    if (name) backups.set(`${name.dataset}@${name.snapshot}`, { object, records: [] });
    const record = name ? undefined : parseRecordKey(prefix, object.key);
    if (record) records.push(record);
  }
  const orphans: RecordKey[] = [];
  for (const record of records) {
    const owner = backups.get(`${record.dataset}@${record.snapshot}`);
    (owner?.records ?? orphans).push(record);
  }
  const recorded: Backup[] = [];
  const unknown: UnknownBackup[] = [];
  const superseded: RecordKey[] = [];
  for (const found of backups.values()) {
    const best = bestOf(found);
    if (best) {
      recorded.push(backupOfFacts(best, best.facts, whatIsListed(found.object)));
      superseded.push(...found.records.filter((record) => record !== best && record.facts !== undefined));
    } else unknown.push(keptOf(found));
  }
  return { recorded, unknown, orphans, superseded };
}

type TellingKey = RecordKey & { readonly facts: RecordFacts };

function bestOf({ object, records }: FoundBackup): TellingKey | undefined {
  return records
    .filter((record): record is TellingKey => record.facts !== undefined && isAbout(record.facts, object))
    .reduce<TellingKey | undefined>(
      (one, other) => (one && knows(one) >= knows(other) ? one : other),
      undefined,
    );
}

function whatIsListed({ key, bytes, etag, modifiedAt, storageClass }: ListedObject) {
  return { key, etag, storageClass, storedBytes: bytes, storedAt: modifiedAt };
}

function keptOf({ object, records }: FoundBackup): UnknownBackup {
  const elsewhere = records.find(({ facts }) => facts === undefined);
  const stale = elsewhere ? undefined : records[0];
  return { object, recordKey: elsewhere?.key, staleRecordKey: stale?.key };
}

/** Of two records of one object, one was made from less: `reindex` does not know the stream. */
function knows({ facts }: TellingKey): number {
  return facts.streamBytes === null ? 0 : 1;
}

/** An object that was stored since, or whose bytes are not those that were stored, is not what was recorded. */
function isAbout({ storedBytes, etag: recorded }: RecordFacts, { bytes, etag }: ListedObject): boolean {
  return storedBytes === bytes && (recorded === null || etag === undefined || recorded === etag);
}
