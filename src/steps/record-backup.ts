import { makeRecord } from '../lineage/make-record.ts';
import { decodeBackup } from '../lineage/metadata.ts';
import { silentLogger } from '../logger.ts';
import { type BackupOptions, encoderOf, type PlannedBackup } from '../reading/read-backup-plan.ts';
import { delayedAbort } from '../transfer/delayed-abort.ts';
import type { UploadResult } from '../transfer/upload.ts';
import { readTool, writeRecord } from './write-record.ts';

/** Who interrupts behind a stored backup waits this much longer, and it is recorded. */
const GRACE_MS = 2_000;

export interface StoredStream {
  readonly streamBytes: number;
  readonly streamCrc32: string | null;
  readonly startedAt: Date;
  readonly result: UploadResult;
}

/** Records a backup that was stored and checked. Never throws: it can be restored without, and `reindex` makes it good. */
export async function recordBackup(
  planned: PlannedBackup,
  stored: StoredStream,
  options: BackupOptions,
): Promise<void> {
  const { store, logger = silentLogger } = options;
  const { key } = planned;
  const late = delayedAbort(options.signal, GRACE_MS);
  try {
    const call = { signal: late.signal };
    const filters = (await encoderOf(options)?.describe(call)) ?? [];
    const at = await writeRecord(store, await describeBackup(planned, stored, options, filters), call);
    if (at === undefined) logger.debug({ key }, `${key} is too long for a record beside it`);
  } catch (error) {
    logger.warn(
      { key },
      `${key} is stored and whole, but could not be recorded: ${error instanceof Error ? error.message : error}. ` +
        '`zfs3backup reindex` makes that good.',
    );
  } finally {
    late.dispose();
  }
}

async function describeBackup(
  { step, key, metadata }: PlannedBackup,
  { streamBytes, streamCrc32, startedAt, result }: StoredStream,
  { store }: BackupOptions,
  filters: Awaited<ReturnType<NonNullable<ReturnType<typeof encoderOf>>['describe']>>,
) {
  const { storedBytes: bytes, etag, storedAt: modifiedAt } = result;
  const object = { key, bytes, etag, modifiedAt, storageClass: undefined, metadata };
  const backup = decodeBackup(store.prefix, object);
  if (!backup) throw new Error('it has a key that no backup has');
  return makeRecord(backup, await readTool(), {
    filters,
    ...{ streamBytes, streamCrc32 },
    storedCrc32: result.crc32 ?? null,
    partBytes: result.partBytes,
    parts: result.partDigests,
    snapshotCreatedAt: step.snapshot.createdAt.toISOString(),
    startedAt: startedAt.toISOString(),
  });
}
