import type { Logger } from './logger.ts';
import type { OnProgress } from './progress.ts';
import type { ObjectStore } from './store/object-store.ts';

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
