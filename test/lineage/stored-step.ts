import type { Backup } from '../../src/lineage/backup.ts';
import { backupKey } from '../../src/lineage/key.ts';
import { decodeBackup, encodeMetadata } from '../../src/lineage/metadata.ts';
import type { BackupStep } from '../../src/lineage/plan-backup.ts';
import { DATASET, PREFIX } from './situation.ts';

/** What a store lists once a step of a plan was run; `sendFlags` where they were written down. */
export function storeStep(step: BackupStep, modifiedAt: Date, sendFlags?: readonly string[]): Backup {
  const key = backupKey(PREFIX, DATASET, step.snapshot.name);
  const metadata = encodeMetadata({
    key,
    kind: step.kind,
    parent: step.parentName === undefined ? undefined : `${DATASET}@${step.parentName}`,
    compressor: undefined,
    estimate: undefined,
    guid: step.snapshot.guid,
    parentGuid: step.parent?.guid,
    sendFlags,
  });
  const backup = decodeBackup(PREFIX, {
    key,
    bytes: 1,
    etag: undefined,
    modifiedAt,
    storageClass: undefined,
    metadata,
  });
  if (backup === undefined) throw new Error(`no backup's key: ${key}`);
  return backup;
}
