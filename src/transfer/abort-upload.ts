import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from '../logger.ts';
import { renderCommand } from '../shell-words.ts';
import type { ObjectStore, Upload } from '../store/object-store.ts';
import type { Retry } from '../store/retry.ts';

const DEADLINE_MS = 30_000;

/** A person who interrupted does not wait longer; service managers kill after a while. */
const INTERRUPTED_DEADLINE_MS = 3_000;

export interface AbortOptions {
  readonly store: ObjectStore;
  readonly retry: Retry;
  readonly logger: Logger;
  readonly interrupted: boolean;
}

/**
 * Drops an upload that will not be completed. Never throws and never waits for long: the error that led here
 * matters more. An upload that stays open is told with a warning, for open uploads cost money.
 */
export async function abortUpload(upload: Upload, options: AbortOptions): Promise<void> {
  const { store, retry, logger, interrupted } = options;
  const ms = interrupted ? INTERRUPTED_DEADLINE_MS : DEADLINE_MS;
  const deadline = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = new Error(`the store did not answer within ${ms / 1000} seconds`);
      deadline.abort(error);
      reject(error);
    }, ms);
  });
  try {
    await Promise.race([dropAndLook(upload, store, retry, deadline.signal), passed]);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    warnLeftOpen(upload, store, logger, `could not be dropped: ${why}`);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * A part that was under way when the upload was dropped may bring the upload back: S3's manual says to abort until
 * nothing is listed, and Ceph was seen to need it.
 */
async function dropAndLook(
  upload: Upload,
  store: ObjectStore,
  retry: Retry,
  signal: AbortSignal,
): Promise<void> {
  for (let pauseMs = 100; ; pauseMs *= 2) {
    await retry('abort upload', () => upload.abort({ signal }), { signal });
    const listing = retry('list uploads', () => store.openUploads(upload.key, { signal }), { signal });
    // Who may not list has dropped it all the same.
    const open = await listing.catch(() => []);
    if (!open.some(({ uploadId }) => uploadId === upload.uploadId)) return;
    await wait(pauseMs, undefined, { signal });
  }
}

export function warnLeftOpen(
  { key, uploadId }: Upload,
  { url }: ObjectStore,
  logger: Logger,
  why: string,
): void {
  logger.warn(
    { key, uploadId, store: url },
    `the upload ${uploadId} of ${key} ${why}; its parts stay in the store until it is dropped: ` +
      howToDrop(url, key, uploadId),
  );
}

/** What a person types, or does, to drop an upload. */
export function howToDrop(url: string, key: string, uploadId: string): string {
  const bucket = /^s3:\/\/([^/]+)/.exec(url)?.[1];
  if (!bucket)
    return `\`zfs3backup cleanup\` does so once it is a week old, with --older-than 0d at once (${uploadId} in ${url})`;
  const words = ['--bucket', bucket, '--key', key, '--upload-id', uploadId];
  return renderCommand(['aws', 's3api', 'abort-multipart-upload', ...words]);
}
