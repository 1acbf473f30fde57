import { StoreError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { ObjectStore, OpenUpload, Upload } from '../store/object-store.ts';
import { readListedParts } from './listed-parts.ts';

const DEADLINE_MS = 30_000;

/** A person who interrupted does not wait longer. */
const INTERRUPTED_DEADLINE_MS = 2_000;

/** Stores tell whole seconds, and a request is on its way for a while. */
const CLOCK_SLACK_MS = 2_000;

export interface LostStartsOptions {
  readonly store: ObjectStore;
  readonly key: string;
  readonly logger: Logger;
  /** The caller's. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Uploads that the store may have started though its answer never came. Nothing marks them as ours, so only what no
 * one else can miss is dropped: uploads of this very key, begun while we tried, that hold no part when we are done
 * (docs/decisions.md). No request is made when every answer came.
 */
export interface LostStarts {
  /** Runs an attempt to start an upload, and remembers one of which the outcome is unknown. */
  watch(attempt: () => Promise<Upload>): Promise<Upload>;
  /** Looks which uploads began meanwhile; `ours` is the one that is used. Never throws. */
  find(ours: Upload): Promise<void>;
  /** Drops those of them that are empty still. Never throws. */
  drop(): Promise<void>;
}

export function createLostStarts(options: LostStartsOptions): LostStarts {
  const { store, key } = options;
  let firstAt: number | undefined;
  let isLost = false;
  let suspects: readonly OpenUpload[] | undefined;

  async function look(ours: Upload | undefined, signal: AbortSignal): Promise<void> {
    const now = Date.now();
    const open = (await store.openUploads(key, { signal })).filter((upload) => upload.key === key);
    const own = open.find(({ uploadId }) => uploadId === ours?.uploadId);
    // Measured by the store's clock where it told the time of our own upload, for ours may be minutes off.
    const end = own?.startedAt.getTime() ?? now;
    const begin = end - (now - (firstAt ?? now));
    suspects = open.filter(({ uploadId, startedAt }) => {
      const at = startedAt.getTime();
      return uploadId !== ours?.uploadId && at >= begin - CLOCK_SLACK_MS && at <= end + CLOCK_SLACK_MS;
    });
  }

  return {
    watch: async (attempt) => {
      firstAt ??= Date.now();
      try {
        return await attempt();
      } catch (error) {
        isLost ||= isOutcomeUnknown(error);
        throw error;
      }
    },
    find: async (ours) => {
      if (!isLost) return;
      await tolerate(options, (signal) => look(ours, signal));
      suspects ??= [];
    },
    drop: async () => {
      if (!isLost) return;
      await tolerate(options, async (signal) => {
        if (!suspects) await look(undefined, signal);
        for (const upload of suspects ?? []) await dropEmpty(upload, options, signal);
      });
    },
  };
}

async function dropEmpty(
  upload: OpenUpload,
  { logger }: LostStartsOptions,
  signal: AbortSignal,
): Promise<void> {
  const { key, uploadId } = upload;
  const parts = await readListedParts(upload, { signal });
  if (parts === undefined || parts.length > 0) return;
  await upload.abort({ signal });
  logger.debug({ key, uploadId }, 'dropped an upload whose start was not confirmed');
}

function isOutcomeUnknown(error: unknown): boolean {
  if (!(error instanceof StoreError)) return true;
  const { status, settled } = error;
  if (status === undefined) return !settled;
  return status < 400 || status >= 500 || status === 408 || status === 499;
}

/** What is left is empty and costs nothing, so that its trouble must not become the upload's. */
async function tolerate(
  { key, store, logger, signal }: LostStartsOptions,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const deadline = AbortSignal.timeout(signal?.aborted ? INTERRUPTED_DEADLINE_MS : DEADLINE_MS);
  try {
    await work(deadline);
  } catch (error) {
    logger.warn(
      { key, store: store.url, error: String(error) },
      `an answer of the store was lost, which may have left an open upload of ${key} without any part; looking for it failed: ${String(error)}`,
    );
  }
}
