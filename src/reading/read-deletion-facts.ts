import { Zfs3BackupError } from '../errors.ts';
import type { Lineage } from '../lineage/backup.ts';
import { heldByUploads, type PendingUpload } from '../lineage/held-by-uploads.ts';
import { datasetPrefix } from '../lineage/key.ts';
import { ABANDONED_SECONDS } from '../lineage/plan-cleanup.ts';
import type { Bookmark, Snapshot } from '../lineage/snapshot.ts';
import type { SnapshotSource } from '../sources/source.ts';
import type { CallOptions, ObjectStore } from '../store/object-store.ts';
import { readLineage } from './read-lineage.ts';
import { type FoundUploads, readUploads } from './read-uploads.ts';

/** What whoever deletes has to know. */
export interface DeletionFacts {
  readonly lineage: Lineage;
  /** Why backups must stay now, by the name of their snapshot. */
  readonly held: ReadonlyMap<string, string>;
  /** What an incremental on this machine could build on. */
  readonly local: readonly (Snapshot | Bookmark)[];
}

export interface DeletionQuestion {
  readonly store: ObjectStore;
  /** Without one, nothing is known of this machine. */
  readonly source?: SnapshotSource | undefined;
  readonly dataset: string;
  readonly now: Date;
}

/** The uploads first: one that ends meanwhile is a backup by the time that those are listed. */
export async function readDeletionFacts(
  { store, source, dataset, now }: DeletionQuestion,
  call: CallOptions,
): Promise<DeletionFacts> {
  const uploads = pendingOf(await readUploads(store, datasetPrefix(store.prefix, dataset), call));
  const lineage = await readLineage(store, dataset, call);
  const abandonedBefore = new Date(now.getTime() - ABANDONED_SECONDS * 1000);
  return {
    lineage,
    held: heldByUploads({ lineage, prefix: store.prefix, uploads, abandonedBefore }),
    local: source ? await readLocal(source, dataset, call) : [],
  };
}

function pendingOf({ uploads, notes }: FoundUploads): readonly PendingUpload[] {
  // A run leaves word before it starts its upload.
  const coming = notes.flatMap(({ note, modifiedAt, writer }) =>
    note !== undefined && note.uploadId === undefined && writer !== 'dead'
      ? [{ key: note.key, metadata: note.metadata, startedAt: modifiedAt }]
      : [],
  );
  const open = uploads.map(({ upload: { key, startedAt }, note }) => {
    return { key, startedAt, metadata: note?.note?.metadata };
  });
  return [...open, ...coming];
}

/** The store may be pruned from a machine without ZFS. */
async function readLocal(
  source: SnapshotSource,
  dataset: string,
  call: CallOptions,
): Promise<readonly (Snapshot | Bookmark)[]> {
  try {
    const state = await source.readDataset(dataset, call);
    return [...(state?.snapshots ?? []), ...(state?.marks?.bookmarks ?? [])];
  } catch (error) {
    if (error instanceof Zfs3BackupError && error.code === 'PROGRAM_MISSING') return [];
    throw error;
  }
}
