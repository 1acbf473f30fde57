import { type FilterRegistry, filtersOf } from '../filters/registry.ts';
import { STORED_SO } from '../inspect/inspect-error.ts';
import type { StreamFacts } from '../inspect/stream-inspector.ts';
import { createZfsInspector } from '../inspect/zfs-inspector.ts';
import type { Backup } from '../lineage/backup.ts';
import { decodeBackup } from '../lineage/metadata.ts';
import type { BackupRecord } from '../lineage/record.ts';
import type { Finding, NotVerified } from '../lineage/verdicts.ts';
import type { Logger } from '../logger.ts';
import { headReader } from '../reading/read-head.ts';
import { readRecord } from '../reading/read-record.ts';
import type { ObjectInfo, ObjectStore } from '../store/object-store.ts';
import { holdBackLast } from '../stream/hold-back.ts';
import { type KeptOpen, keepOpen } from '../stream/keep-open.ts';
import { untilDone } from '../stream/until-done.ts';
import { type Download, type DownloadProgress, openDownload } from '../transfer/download.ts';
import { createEtagChecker, type EtagChecker } from '../transfer/etag-checker.ts';
import { createPartChecker, damagedPartError, type PartChecker } from '../transfer/part-checker.ts';
import { explainVerifyFailure, type Stage } from './verify-failure.ts';

type Stream = AsyncIterable<Uint8Array>;

export interface VerifyBodyOptions {
  readonly store: ObjectStore;
  readonly filters?: FilterRegistry | undefined;
  /** Takes the decoded stream, in place of nobody: it must read all of it, or throw. */
  readonly receive?: ((stream: Stream, call: { readonly signal: AbortSignal }) => Promise<void>) | undefined;
  readonly concurrency?: number | undefined;
  readonly maxMemory?: number | undefined;
  readonly maxRetries?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly logger?: Logger | undefined;
  readonly onStored?: ((progress: DownloadProgress) => void) | undefined;
  readonly onStream?: ((bytes: number) => void) | undefined;
}

/** What reading all of one backup's bytes showed. */
export interface BodyReport {
  readonly findings: readonly Finding[];
  readonly notes: readonly string[];
  readonly notVerified: NotVerified | undefined;
  /** What the stream says of itself, where all of it was whole. */
  readonly facts: StreamFacts | undefined;
  readonly record: BackupRecord | undefined;
  /** Whether all bytes came and were looked at. */
  readonly isRead: boolean;
}

/** What is gathered while a body is looked at. */
interface Gathered {
  readonly findings: Finding[];
  readonly notes: string[];
  notVerified: NotVerified | undefined;
}

/**
 * Reads every stored byte of a backup, compares it with the record part by part, decodes it, and inspects the stream.
 * Goes on after damage: all of it is told. Throws only what says nothing of this backup.
 */
export async function verifyBody(backup: Backup, options: VerifyBodyOptions): Promise<BodyReport> {
  const gathered: Gathered = { findings: [], notes: [], notVerified: undefined };
  return untilDone(options.signal, async (signal) => {
    let record: BackupRecord | undefined;
    try {
      record = await readRecord(options.store, backup, { signal });
      const seen = await lookAt(backup, record, { ...options, signal }, gathered);
      return { ...gathered, ...seen, record };
    } catch (error) {
      signal.throwIfAborted();
      gather(gathered, error, 'reading');
      return { ...gathered, facts: undefined, isRead: false, record };
    }
  });
}

type Looking = VerifyBodyOptions & { readonly signal: AbortSignal };

async function lookAt(
  backup: Backup,
  record: BackupRecord | undefined,
  options: Looking,
  gathered: Gathered,
): Promise<Pick<BodyReport, 'facts' | 'isRead'>> {
  const { key } = backup;
  const download = await open(backup, options, gathered);
  const { info } = download;
  gathered.findings.push(...compareHead(backup, info, options.store.prefix));
  const parts = record && createPartChecker(record);
  const etag = parts && record?.parts.length ? undefined : await etagChecker(backup, info, options);
  const damage = (found: ReturnType<PartChecker['end']>) => {
    for (const part of found) {
      const { number, first, last } = part;
      const { message } = damagedPartError(key, part);
      gathered.findings.push({ kind: 'part', message, part: { number, first, last } });
    }
  };
  const stored = keepOpen(download.chunks, (chunk) => {
    if (parts) damage(parts.push(chunk));
    etag?.push(chunk);
  });
  const facts = await decode(backup, stored, options, gathered);
  await stored.drain();
  if (parts) damage(parts.end());
  noteUnproven(backup, record, info, etag, gathered);
  if (gathered.notVerified && record?.parts.length && gathered.findings.length === 0)
    gathered.notes.push('its stored bytes are those that were stored; what they decode to was not looked at');
  return { facts, isRead: true };
}

function open(backup: Backup, options: Looking, gathered: Gathered): Promise<Download> {
  const { store, concurrency, maxMemory, maxRetries, signal, logger, onStored } = options;
  return openDownload({
    ...{ store, key: backup.key, lend: true, signal, logger, onProgress: onStored },
    ...{ concurrency, maxMemory, maxRetries },
    onDamage: (error) => gathered.findings.push({ kind: 'object', message: error.message }),
  });
}

/** What LIST and the record told, against what the object says itself now. */
function compareHead(backup: Backup, info: ObjectInfo, prefix: string): readonly Finding[] {
  const { key } = backup;
  if (info.bytes !== backup.storedBytes) {
    const message = `${key} was replaced meanwhile: it has ${info.bytes} bytes, and had ${backup.storedBytes}`;
    return [{ kind: 'object', message }];
  }
  const said = decodeBackup(prefix, info);
  if (said === undefined || backup.recordKey === undefined) return [];
  return (['kind', 'parent', 'guid', 'parentGuid', 'compressor', 'encryptor'] as const)
    .filter((field) => said[field] !== backup[field])
    .map((field) => ({
      kind: 'identity',
      message: `${key}: its metadata says ${field} ${said[field] ?? 'nothing'}, and its record ${backup[field] ?? 'nothing'}`,
    }));
}

async function etagChecker(
  { estimate }: Backup,
  { key, bytes, etag, digest, checksum }: ObjectInfo,
  { store, signal }: Looking,
): Promise<EtagChecker | undefined> {
  if (digest ?? checksum) return undefined;
  const firstPartBytes = await store.firstPartBytes?.(key, { signal });
  return createEtagChecker({ etag, bytes, firstPartBytes, estimate });
}

/** The facts of the stream; `undefined` where it could not be had whole. */
async function decode(
  backup: Backup,
  stored: KeptOpen,
  options: Looking,
  gathered: Gathered,
): Promise<StreamFacts | undefined> {
  const { store, receive, signal } = options;
  const filters = filtersOf(options);
  const inspector = createZfsInspector({ checksums: true, advice: STORED_SO });
  let facts: StreamFacts | undefined;
  let broken: { readonly error: unknown } | undefined;
  let refused: { readonly error: unknown } | undefined;
  async function* inspected(source: Stream): AsyncGenerator<Uint8Array, void> {
    try {
      for await (const chunk of source) {
        inspector.push(chunk);
        options.onStream?.(chunk.byteLength);
        yield chunk;
      }
      facts = inspector.end();
    } catch (error) {
      broken = { error };
      throw error;
    }
  }
  try {
    const decoder = filters.decoderOf(backup);
    const { key, storedBytes } = backup;
    await filters.checkDecoder(backup, headReader(store, key, storedBytes, { signal }), { signal });
    const source = decoder ? decoder.decode(stored.chunks, { signal }) : stored.chunks;
    const stream = keepOpen(inspected(source), () => {});
    // What is stored as it is comes in lent chunks, and none of those can be held back.
    const chunks = decoder ? holdBackLast(stream.chunks) : stream.chunks;
    await receive?.(chunks, { signal }).catch((error: unknown) => {
      if (broken || signal.aborted) throw error;
      refused = { error };
    });
    // A receiver that refuses reads no further; what the rest says is to be told as well.
    await stream.drain();
  } catch (error) {
    signal.throwIfAborted();
    // The store's failure is met where the rest is read.
    if (stored.failure() !== undefined) throw stored.failure();
    gather(gathered, broken ? broken.error : error, 'decoding');
  } finally {
    inspector.close();
  }
  if (refused) gather(gathered, refused.error, 'receiving');
  return facts;
}

function noteUnproven(
  { key, recordKey, etag: said }: Backup,
  record: BackupRecord | undefined,
  info: ObjectInfo,
  etag: EtagChecker | undefined,
  { notes }: Gathered,
): void {
  if (record && record.parts.length > 0) return;
  if (recordKey !== undefined && record === undefined)
    notes.push(
      `the record of ${key} is torn, of a newer version, or about another object: its bytes were compared with none of it`,
    );
  // The download has compared them.
  if (info.digest ?? info.checksum) return;
  if (etag?.end()) return;
  notes.push(
    etag
      ? `the ETag ${said} of ${key} is not that of equal parts of a usual size: its bytes were compared with no digest`
      : `nothing tells a digest of ${key}: its bytes were compared with none`,
  );
}

function gather(gathered: Gathered, error: unknown, stage: Stage): void {
  const failure = explainVerifyFailure(error, stage);
  if ('finding' in failure) gathered.findings.push(failure.finding);
  else if ('note' in failure) gathered.notes.push(failure.note);
  else gathered.notVerified ??= failure.notVerified;
}
