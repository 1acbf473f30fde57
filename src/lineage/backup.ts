/** What one object of the store says of itself. */
export interface Backup {
  /** Whole key in the store. */
  readonly key: string;
  readonly dataset: string;
  /** The snapshot's name, after the `@`. */
  readonly snapshot: string;
  readonly kind: 'full' | 'incremental';
  /**
   * The parent's snapshot name for an incremental; `undefined` there means the metadata does not say. Where the
   * metadata names another dataset it is the whole `dataset@snapshot`, which no backup of this lineage is called.
   */
  readonly parent: string | undefined;
  /** The filter that decodes it; `undefined` for none. */
  readonly compressor: string | undefined;
  /** The filter that decrypts it, before it is decompressed; `undefined` for none. */
  readonly encryptor: string | undefined;
  /** Expected stream bytes as recorded at the upload; a hint. */
  readonly estimate: number | undefined;
  readonly storedBytes: number;
  readonly etag: string | undefined;
  /** When the store received it. */
  readonly storedAt: Date;
  readonly storageClass: string | undefined;
  /** The snapshot's guid, where the object tells it (predecessors' do not). */
  readonly guid: string | undefined;
  readonly parentGuid: string | undefined;
  /** Where its record stands: one that tells of this very object; `undefined` for predecessors' objects. */
  readonly recordKey: string | undefined;
  /** A record of its name that tells of another object: this one was stored since, or is not what was stored. */
  readonly staleRecordKey: string | undefined;
  /** As recorded: what came out of the sending program. */
  readonly streamBytes: number | undefined;
  /** What of the sender's flags decides the format, as `formatFlags` has it; `undefined`: nobody knows (predecessors' objects). */
  readonly sendFlags: readonly string[] | undefined;
  /** As recorded. */
  readonly snapshotCreatedAt: Date | undefined;
}

/** z3's words. */
export type Health = 'ok' | 'missing parent' | 'parent broken' | 'cycle detected';

/** A backup in its lineage. */
export interface LineageEntry {
  readonly backup: Backup;
  readonly health: Health;
}

/** All backups of one dataset in a store, parents before children, in order of creation as far as it is known. */
export interface Lineage {
  readonly dataset: string;
  readonly entries: readonly LineageEntry[];
}
