import type { Backup } from './backup.ts';
import { makeRecord } from './make-record.ts';
import type { BackupRecord } from './record.ts';
import { type RecordKey, recordKey } from './record-key.ts';

export interface ReindexRequest {
  /** Of the store. */
  readonly prefix: string;
  readonly backups: readonly Backup[];
  readonly superseded: readonly RecordKey[];
  /** Make anew what tells of another object than the one that is there. */
  readonly stale: boolean;
  /** As records name what wrote them. */
  readonly tool: string;
}

export type ReindexStep =
  | { readonly do: 'write'; readonly name: string; readonly key: string; readonly record: BackupRecord }
  /** Only ever of a backup that has a record of the very object; where that is written, it comes before. */
  | { readonly do: 'remove'; readonly name: string; readonly key: string };

export interface ReindexPlan {
  readonly steps: readonly ReindexStep[];
  /** Names of the backups whose record tells of another object, and is left. */
  readonly stale: readonly string[];
  /** Names of the backups whose keys leave no room for a record's. */
  readonly tooLong: readonly string[];
}

/** What makes every backup have a record, by name. */
export function planReindex({ prefix, backups, superseded, stale, tool }: ReindexRequest): ReindexPlan {
  const steps: ReindexStep[] = [];
  const left: string[] = [];
  const tooLong: string[] = [];
  for (const backup of backups.toSorted((a, b) => (a.key < b.key ? -1 : 1))) {
    if (backup.recordKey !== undefined) continue;
    const name = nameOf(backup);
    const record = makeRecord(backup, tool);
    const key = recordKey(prefix, backup, record);
    if (backup.staleRecordKey !== undefined && !stale) left.push(name);
    else if (key === undefined) tooLong.push(name);
    else {
      steps.push({ do: 'write', name, key, record });
      const old = backup.staleRecordKey;
      if (old !== undefined && old !== key) steps.push({ do: 'remove', name, key: old });
    }
  }
  for (const record of superseded) steps.push({ do: 'remove', name: nameOf(record), key: record.key });
  return { steps, stale: left, tooLong };
}

function nameOf({ dataset, snapshot }: Pick<Backup, 'dataset' | 'snapshot'>): string {
  return `${dataset}@${snapshot}`;
}
