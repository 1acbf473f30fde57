import { parseBackupName } from './key.ts';
import type { BackupRecord, RecordedFilter, RecordedPart } from './record.ts';

/** Any body beyond this is no record: ten thousand parts with all their digests take 2 MB. */
export const MAX_RECORD_BYTES = 8 * 1024 ** 2;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads a record's body. `undefined` for one that is torn, of a newer version, or does not say which object it is
 * about. Nothing else about it is trusted: fields nobody knows are left out, those that are missing or make no sense
 * are `null`, and parts that do not add up to the object are none.
 */
export function decodeRecord(body: Uint8Array): BackupRecord | undefined {
  const fields = parseObject(body);
  if (fields === undefined || fields['version'] !== 1) return undefined;
  const { key, dataset, snapshot, kind, storedAt } = fields;
  if (typeof key !== 'string' || typeof dataset !== 'string' || typeof snapshot !== 'string')
    return undefined;
  const name = parseBackupName(`${dataset}@${snapshot}`);
  if (name?.dataset !== dataset || !key.endsWith(`${dataset}@${snapshot}`)) return undefined;
  if (kind !== 'full' && kind !== 'incremental') return undefined;
  const storedBytes = countOf(fields['storedBytes']);
  if (storedBytes === null || dateOf(storedAt) === null) return undefined;
  const isFull = kind === 'full';
  return {
    ...{ version: 1, key, dataset, snapshot, kind },
    parent: isFull ? null : textOf(fields['parent']),
    guid: decimalOf(fields['guid']),
    parentGuid: isFull ? null : decimalOf(fields['parentGuid']),
    compressor: textOf(fields['compressor']),
    encryptor: textOf(fields['encryptor']),
    filters: listOf(fields['filters'], decodeFilter) ?? [],
    sendFlags: listOf(fields['sendFlags'], (flag) => textOf(flag) ?? undefined) ?? null,
    storedBytes,
    etag: textOf(fields['etag']),
    estimate: countOf(fields['estimate']),
    streamBytes: countOf(fields['streamBytes']),
    streamCrc32: hexOf(fields['streamCrc32'], 8),
    storedCrc32: hexOf(fields['storedCrc32'], 8),
    partBytes: countOf(fields['partBytes']),
    parts: partsOf(fields['parts'], storedBytes),
    snapshotCreatedAt: dateOf(fields['snapshotCreatedAt']),
    startedAt: dateOf(fields['startedAt']),
    storedAt: dateOf(storedAt) ?? '',
    tool: textOf(fields['tool']) ?? '',
    madeBy: fields['madeBy'] === 'upload' ? 'upload' : 'reindex',
  };
}

function parseObject(body: Uint8Array): Fields | undefined {
  if (body.byteLength > MAX_RECORD_BYTES) return undefined;
  try {
    return objectOf(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)));
  } catch {
    return undefined;
  }
}

function objectOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function decimalOf(value: unknown): string | null {
  return typeof value === 'string' && /^[0-9]{1,20}$/.test(value) ? value : null;
}

function countOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

function dateOf(value: unknown): string | null {
  const date = new Date(typeof value === 'string' ? value : Number.NaN);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

function hexOf(value: unknown, digits: number): string | null {
  return typeof value === 'string' && value.length === digits && /^[0-9a-f]+$/.test(value) ? value : null;
}

/** All of a list or nothing. */
function listOf<Item>(value: unknown, decode: (item: unknown) => Item | undefined): Item[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const items = value.map(decode).filter((item) => item !== undefined);
  return items.length === value.length ? items : undefined;
}

function decodeFilter(value: unknown): RecordedFilter | undefined {
  const fields = objectOf(value);
  const name = textOf(fields?.['name']);
  if (fields === undefined || name === null) return undefined;
  const keyIds = listOf(fields['keyIds'], (id) => textOf(id) ?? undefined);
  return { name, version: textOf(fields['version']), ...(keyIds && { keyIds }) };
}

/** In order, without gaps, and the object's bytes all together: digests at wrong places would call good bytes damaged. */
function partsOf(value: unknown, storedBytes: number): readonly RecordedPart[] {
  const parts = listOf(value, decodePart) ?? [];
  const inOrder = parts.every(({ number }, index) => number === index + 1);
  return inOrder && parts.reduce((sum, { bytes }) => sum + bytes, 0) === storedBytes ? parts : [];
}

function decodePart(value: unknown): RecordedPart | undefined {
  const fields = objectOf(value);
  const number = countOf(fields?.['number']);
  const bytes = countOf(fields?.['bytes']);
  const crc32 = hexOf(fields?.['crc32'], 8);
  if (fields === undefined || number === null || bytes === null || crc32 === null) return undefined;
  const md5 = hexOf(fields['md5'], 32);
  const sha256 = hexOf(fields['sha256'], 64);
  return { number, bytes, crc32, ...(md5 !== null && { md5 }), ...(sha256 !== null && { sha256 }) };
}
