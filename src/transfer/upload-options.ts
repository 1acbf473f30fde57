import type { StreamFacts, StreamInspector } from '../inspect/stream-inspector.ts';
import type { RecordedPart } from '../lineage/record.ts';
import type { Logger } from '../logger.ts';
import type { Metadata, ObjectStore } from '../store/object-store.ts';
import type { Sleep } from '../store/retry.ts';
import type { DescriptorSource } from '../stream/descriptor-source.ts';
import type { ResumableUpload } from './open-upload.ts';
import type { Tally } from './tally.ts';

export type UploadProgress = Readonly<Tally>;

export interface UploadOptions {
  readonly store: ObjectStore;
  /** Whole key; no prefix is put before it. */
  readonly key: string;
  /**
   * Must throw when what makes it failed: its end without an error means that all of it came. A descriptor's end says
   * nothing of the program that wrote to it, and costs half as much.
   */
  readonly source: AsyncIterable<Uint8Array> | DescriptorSource;
  /** Looks at all bytes on their way; what it refuses is not stored. Used up by it. */
  readonly inspect?: StreamInspector | undefined;
  /** Runs while the first part is read; nothing is stored before it is over. */
  readonly meanwhile?: (() => Promise<void>) | undefined;
  /** Expected bytes, a hint for the part size; a stream that is longer goes on in bigger parts. */
  readonly estimate?: number | undefined;
  /** Size of the first parts in bytes; default: from the estimate. Raised where the estimate would not fit. */
  readonly partBytes?: number | undefined;
  /** Parts in flight at most; default: from part size and memory. Fewer where the memory does not hold them. */
  readonly concurrency?: number | undefined;
  /** For all buffers together, in bytes; 256 MiB if not given. Reserved at once, used as far as needed. */
  readonly maxMemory?: number | undefined;
  /** What makes `source` within this process takes of them, about (a `FilterChain` tells); parts get the rest. */
  readonly encoderBytes?: number | undefined;
  readonly metadata?: Metadata | undefined;
  readonly storageClass?: string | undefined;
  /** `fail` (the default): BACKUP_EXISTS when the key is taken, before anything is sent and again at the end. */
  readonly ifExists?: 'fail' | 'replace' | undefined;
  /** Store an empty object for an empty source instead of failing with EMPTY_STREAM. */
  readonly allowEmpty?: boolean | undefined;
  /**
   * An open upload of an earlier run (`findOpenUpload`): parts that are there and equal are not sent again. `null`:
   * there is none. If not given, open uploads of the key are looked for, and left alone.
   */
  readonly resume?: ResumableUpload | null | undefined;
  /** Upload although another process seems to be uploading to the key. */
  readonly force?: boolean | undefined;
  /** Leave the upload open for a later run when this one is interrupted, or the store stays away. */
  readonly keepOnInterrupt?: boolean | undefined;
  /** Tell the digests of the parts in the result, which costs a CRC-32 of every byte. */
  readonly partDigests?: boolean | undefined;
  /** How often one request is tried again, 10 if not given. */
  readonly maxRetries?: number | undefined;
  /**
   * Stops reading and drops what was sent; the upload rejects with the signal's reason. Behind the last byte the store has
   * a few seconds to answer: then the upload resolves all the same, or its error says that the outcome is unknown.
   */
  readonly signal?: AbortSignal | undefined;
  readonly logger?: Logger | undefined;
  /** Called when a part starts, ends or is tried again. What it throws ends an upload that is not stored yet. */
  readonly onProgress?: ((progress: UploadProgress) => void) | undefined;
  /** How to wait between attempts; for tests. */
  readonly sleep?: Sleep | undefined;
}

export interface UploadResult {
  readonly key: string;
  /** As the store tells it for the finished object. */
  readonly etag: string | undefined;
  readonly storedBytes: number;
  /** When the store received it, by its own clock. */
  readonly storedAt: Date;
  /** CRC-32 of the whole, in hex; `undefined` without digests of the parts. */
  readonly crc32: string | undefined;
  /** Of the bytes as they were read, by number; of skipped parts as well. Empty unless asked for. */
  readonly partDigests: readonly RecordedPart[];
  readonly parts: number;
  /** Of them: those that an earlier run had stored. */
  readonly skippedParts: number;
  readonly skippedBytes: number;
  /** Size of the first part; later ones are bigger where the stream outgrew what was expected. */
  readonly partBytes: number;
  readonly retries: number;
  readonly seconds: number;
  /** What the stream was, where it was looked at. */
  readonly stream: StreamFacts | undefined;
}
