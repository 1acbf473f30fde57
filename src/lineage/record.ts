/** What is known of a backup once it was stored and checked: `docs/records.md`. */
export interface BackupRecord {
  readonly version: 1;
  /** The backup's whole key. */
  readonly key: string;
  readonly dataset: string;
  /** After the `@`. */
  readonly snapshot: string;
  readonly kind: 'full' | 'incremental';
  /** The parent's name after the `@`; `null` for a full. */
  readonly parent: string | null;
  /** Decimal, where known. */
  readonly guid: string | null;
  readonly parentGuid: string | null;
  /** The filters' names as in the metadata. */
  readonly compressor: string | null;
  readonly encryptor: string | null;
  /** In the order in which the stream went through them. */
  readonly filters: readonly RecordedFilter[];
  /** What of the sending program's flags decides the format, as `formatFlags` has it; `null` where nobody knows. */
  readonly sendFlags: readonly string[] | null;
  readonly storedBytes: number;
  readonly etag: string | null;
  /** Expected stream bytes when the upload began; a hint. */
  readonly estimate: number | null;
  /** Before the filters; `null` where it was rebuilt without reading the body. */
  readonly streamBytes: number | null;
  readonly streamCrc32: string | null;
  /** Of the stored bytes, in hex. */
  readonly storedCrc32: string | null;
  /** Size of the first part. */
  readonly partBytes: number | null;
  /** In order, without gaps; empty where nobody knows. */
  readonly parts: readonly RecordedPart[];
  /** ISO 8601. */
  readonly snapshotCreatedAt: string | null;
  readonly startedAt: string | null;
  readonly storedAt: string;
  /** Such as `zfs3backup 0.2.0`. */
  readonly tool: string;
  /** `upload`, or `reindex` where it was rebuilt from metadata. */
  readonly madeBy: 'upload' | 'reindex';
}

export interface RecordedFilter {
  readonly name: string;
  /** As the program or library tells it. */
  readonly version: string | null;
  /** Public names of the keys that can decrypt; never a secret. */
  readonly keyIds?: readonly string[];
}

export interface RecordedPart {
  readonly number: number;
  readonly bytes: number;
  /** In hex, eight digits. */
  readonly crc32: string;
  readonly md5?: string;
  readonly sha256?: string;
}
