import type { StoreLimits } from '../store/store-limits.ts';
import { checkBuffers } from './check-buffers.ts';
import { DEFAULT_MAX_MEMORY } from './plan-transfer.ts';

const MIB = 1024 ** 2;
const USUAL_PART_BYTES = 16 * MIB;
const USUAL_IN_FLIGHT = 4;
/** Smaller parts are asked for by fewer requests at once instead. */
const SMALLEST_PART_BYTES = MIB;
const PAGE_BYTES = 4096;

export interface DownloadRequest {
  /** Of the object. */
  readonly bytes: number;
  readonly limits: Pick<StoreLimits, 'maxPartsInFlight'>;
  /** Parts in flight that somebody wants at most; 4 if not given. */
  readonly concurrency?: number | undefined;
  /** Bytes for all buffers together; 256 MiB if not given. */
  readonly maxMemory?: number | undefined;
}

export interface DownloadPlan {
  /** Of all parts but the last. */
  readonly partBytes: number;
  readonly parts: number;
  readonly concurrency: number;
  /** What the buffers take: those in flight, and the one that is handed out. */
  readonly memoryBytes: number;
}

/** In what pieces an object is read within the memory, however little that is. Throws USAGE for what is no number. */
export function planDownload(request: DownloadRequest): DownloadPlan {
  checkBuffers(request);
  const { bytes, limits, concurrency = USUAL_IN_FLIGHT, maxMemory = DEFAULT_MAX_MEMORY } = request;
  const fitting = Math.floor(maxMemory / SMALLEST_PART_BYTES) - 1;
  const inFlight = Math.max(1, Math.min(concurrency, fitting, limits.maxPartsInFlight ?? concurrency));
  const partBytes = Math.max(1, Math.min(USUAL_PART_BYTES, wholePages(maxMemory / (inFlight + 1))));
  const parts = Math.ceil(bytes / partBytes);
  return {
    partBytes,
    parts,
    concurrency: Math.max(1, Math.min(inFlight, parts)),
    memoryBytes: Math.min(bytes, (inFlight + 1) * partBytes),
  };
}

function wholePages(bytes: number): number {
  return bytes < PAGE_BYTES ? Math.floor(bytes) : Math.floor(bytes / PAGE_BYTES) * PAGE_BYTES;
}
