import type { StreamFacts } from '../inspect/stream-inspector.ts';

/** What came of one backup that was stored and checked. */
export interface StoredBackup {
  /** `dataset@snapshot` */
  readonly name: string;
  readonly key: string;
  readonly kind: 'full' | 'incremental';
  readonly parent: string | null;
  readonly streamBytes: number;
  readonly storedBytes: number;
  readonly parts: number;
  /** Of them: those that an earlier run had stored. */
  readonly skippedParts: number;
  readonly skippedBytes: number;
  /** Size of the first part. */
  readonly partBytes: number;
  readonly etag: string | undefined;
  readonly seconds: number;
  readonly retries: number;
  /** What the stream said of itself, where it was looked at. */
  readonly stream?: StreamFacts | undefined;
}
