import type { Backup } from './backup.ts';
import type { BackupRecord } from './record.ts';

/** What only the run that stored a backup knows of it. */
export type KnownAtUpload = Pick<
  BackupRecord,
  'filters' | 'streamBytes' | 'streamCrc32' | 'storedCrc32' | 'partBytes' | 'parts' | 'startedAt'
> & { readonly snapshotCreatedAt: string };

/** The record of an object, from its metadata and from what was seen when it was stored; without that, as `reindex` makes it. */
export function makeRecord(backup: Backup, tool: string, known?: KnownAtUpload): BackupRecord {
  const { key, dataset, snapshot, kind, compressor, encryptor, storedBytes, storedAt } = backup;
  return {
    ...{ version: 1, key, dataset, snapshot, kind },
    parent: backup.parent ?? null,
    guid: backup.guid ?? null,
    parentGuid: backup.parentGuid ?? null,
    compressor: compressor ?? null,
    encryptor: encryptor ?? null,
    filters: [compressor, encryptor].flatMap((name) => (name === undefined ? [] : { name, version: null })),
    sendFlags: backup.sendFlags ?? null,
    storedBytes,
    etag: backup.etag ?? null,
    estimate: backup.estimate ?? null,
    ...{ streamBytes: null, streamCrc32: null, storedCrc32: null, partBytes: null, parts: [] },
    ...{ snapshotCreatedAt: null, startedAt: null },
    ...known,
    storedAt: new Date(Number.isNaN(storedAt.getTime()) ? 0 : storedAt).toISOString(),
    tool,
    madeBy: known ? 'upload' : 'reindex',
  };
}
