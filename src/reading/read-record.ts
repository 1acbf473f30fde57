import { StoreError } from '../errors.ts';
import type { Backup } from '../lineage/backup.ts';
import { decodeRecord, MAX_RECORD_BYTES } from '../lineage/decode-record.ts';
import type { BackupRecord } from '../lineage/record.ts';
import type { Logger } from '../logger.ts';
import type { CallOptions, ObjectStore } from '../store/object-store.ts';

/**
 * What was recorded of a backup. `undefined` where it has no record, or one that is torn, of a newer version, gone
 * meanwhile, or about another object: a record is of use, and never needed. Fails with a `StoreError` when the
 * store did not answer.
 */
export async function readRecord(
  store: ObjectStore,
  backup: Backup,
  options: CallOptions = {},
): Promise<BackupRecord | undefined> {
  if (backup.recordKey === undefined) return undefined;
  const body = await readSmall(store, backup.recordKey, options);
  const record = body && decodeRecord(body);
  return record && isAbout(record, backup) ? record : undefined;
}

/** The same for who goes on without: a store that refuses or fails to tell is logged. */
export async function readRecordIfPossible(
  store: ObjectStore,
  backup: Backup,
  { logger, ...options }: CallOptions & { readonly logger?: Logger | undefined },
): Promise<BackupRecord | undefined> {
  try {
    return await readRecord(store, backup, options);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    const { key, recordKey } = backup;
    logger?.debug({ key, recordKey }, `its record was not read: ${error.message}`);
    return undefined;
  }
}

/** The whole body; `undefined` where there is none, or more than a record can be. */
async function readSmall(
  store: ObjectStore,
  key: string,
  call: CallOptions,
): Promise<Uint8Array | undefined> {
  try {
    const { bytes, chunks } = await store.get(key, call);
    const body: Uint8Array[] = [];
    let came = 0;
    for await (const chunk of chunks) {
      body.push(Buffer.from(chunk));
      came += chunk.byteLength;
      // Ending early is what closes the connection.
      if (Math.max(came, bytes ?? 0) > MAX_RECORD_BYTES) return undefined;
    }
    return came === (bytes ?? came) ? Buffer.concat(body) : undefined;
  } catch (error) {
    if (error instanceof StoreError && error.code === 'NO_SUCH_KEY') return undefined;
    throw error;
  }
}

function isAbout(record: BackupRecord, { dataset, snapshot, storedBytes, etag }: Backup): boolean {
  if (record.dataset !== dataset || record.snapshot !== snapshot) return false;
  return record.storedBytes === storedBytes && (etag === undefined || (record.etag ?? etag) === etag);
}
