import type { FilterRegistry } from '../filters/registry.ts';
import type { Expectation, InspectDepth } from '../inspect/stream-inspector.ts';
import type { Logger } from '../logger.ts';
import type { OnProgress } from '../progress.ts';
import type { SnapshotSource } from '../sources/source.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** What every verb takes that reads objects. */
export interface FetchOptions {
  readonly store: ObjectStore;
  /** Parts in flight at most. */
  readonly concurrency?: number;
  /** Bytes for all buffers together; 256 MiB if not given. */
  readonly maxMemory?: number;
  /** How often one request is tried again. */
  readonly maxRetries?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  readonly logger?: Logger;
}

/** How the streams of a source are looked at, on their way out and back. */
export interface InspectOptions {
  readonly source: SnapshotSource;
  /** `none`: not at all; otherwise they must be what the source sends. */
  readonly expect?: Expectation | undefined;
  /** How closely; `full` if not given. */
  readonly inspect?: InspectDepth | undefined;
}

/** What brings a stored stream back. */
export interface StoredStreamOptions extends FetchOptions, InspectOptions {
  /** The built-in ones if not given. */
  readonly filters?: FilterRegistry | undefined;
}
