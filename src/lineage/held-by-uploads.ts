import type { Lineage } from './backup.ts';
import { parseBackupKey } from './key.ts';
import { decodeBackup } from './metadata.ts';
import { linkParents } from './parents.ts';

/** An upload that was started and not ended. */
export interface PendingUpload {
  readonly key: string;
  /** What the object will say of itself; `undefined` where nobody left word. */
  readonly metadata: Readonly<Record<string, string>> | undefined;
  readonly startedAt: Date;
}

export interface UploadsRequest {
  readonly lineage: Lineage;
  /** Of the store. */
  readonly prefix: string;
  readonly uploads: readonly PendingUpload[];
  /** An upload of which nothing is known is taken for abandoned when it is older. */
  readonly abandonedBefore: Date;
}

/**
 * Why backups must not be deleted now, by the name of their snapshot: an incremental that builds on them is being
 * stored. An upload that does not tell what it builds on may build on any of them.
 */
export function heldByUploads(request: UploadsRequest): ReadonlyMap<string, string> {
  const { lineage, prefix, uploads, abandonedBefore } = request;
  const backups = lineage.entries.map(({ backup }) => backup);
  const held = new Map<string, string>();
  for (const { key, metadata, startedAt } of uploads) {
    const name = parseBackupKey(prefix, key);
    if (name?.dataset !== lineage.dataset) continue;
    if (metadata === undefined) {
      if (startedAt < abandonedBefore) continue;
      const reason = `${name.snapshot} is being uploaded, and does not tell what it builds on`;
      for (const { snapshot } of backups) held.set(snapshot, reason);
      continue;
    }
    const object = {
      key,
      metadata,
      bytes: 0,
      etag: undefined,
      modifiedAt: startedAt,
      storageClass: undefined,
    };
    const coming = decodeBackup(prefix, object);
    const parent = coming && linkParents(backups)(coming);
    if (parent) held.set(parent.snapshot, `${name.snapshot}, which is being uploaded, builds on it`);
  }
  return held;
}
