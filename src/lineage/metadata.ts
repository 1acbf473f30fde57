import { Zfs3BackupError } from '../errors.ts';
import type { Backup } from './backup.ts';
import { parseBackupKey, parseBackupName } from './key.ts';
import { decodeSendFlags, encodeSendFlags } from './send-flags.ts';

/** The metadata key of the send flags that a chain is pinned to; see `formatFlags` and `encodeSendFlags`. */
export const SEND_FLAGS_KEY = 'send-flags';

/** What is known of a backup when its upload is created. */
export interface MetadataFacts {
  /** The whole key: the store's limit counts it together with the metadata. */
  readonly key: string;
  readonly kind: 'full' | 'incremental';
  /** `dataset@snapshot` as the store knows it; for an incremental only. */
  readonly parent: string | undefined;
  /** The filter's name; `undefined` and `none` are the same. */
  readonly compressor: string | undefined;
  /** The same for what encrypts behind it. */
  readonly encryptor?: string | undefined;
  /** Expected stream bytes. */
  readonly estimate: number | undefined;
  readonly guid: string | undefined;
  readonly parentGuid: string | undefined;
  /** What `formatFlags` made of them. */
  readonly sendFlags?: readonly string[] | undefined;
}

/** One object of the store: what a listing tells and its user metadata. */
export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
  readonly etag: string | undefined;
  readonly modifiedAt: Date;
  readonly storageClass: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}

/** AWS stops at 2 KiB, other stores count the key as well; some reserve is left. */
const MAX_BYTES_WITH_KEY = 2000;
const PRINTABLE_ASCII = /^[\x20-\x7e]+$/;
const DECIMAL = /^[0-9]{1,20}$/;

/**
 * The user metadata of a backup, in the words that the predecessors read.
 * @throws Zfs3BackupError USAGE for a value that a header cannot carry, or when it is too much.
 */
export function encodeMetadata(facts: MetadataFacts): Record<string, string> {
  const { key, kind, compressor, encryptor, estimate, guid, parentGuid, sendFlags } = facts;
  const metadata = {
    ...encodeKind(facts),
    ...(estimate === undefined ? {} : { size: String(Math.max(0, Math.round(estimate))) }),
    ...(compressor === undefined || compressor === 'none' ? {} : { compressor }),
    ...(encryptor === undefined || encryptor === 'none' ? {} : { encryptor }),
    ...(guid === undefined ? {} : { guid }),
    ...(parentGuid === undefined || kind === 'full' ? {} : { 'parent-guid': parentGuid }),
    ...(sendFlags === undefined ? {} : { [SEND_FLAGS_KEY]: encodeSendFlags(sendFlags) }),
  };
  checkMetadata(key, metadata);
  return metadata;
}

function encodeKind({ key, kind, parent }: MetadataFacts): Record<string, string> {
  if (kind === 'full') return { isfull: 'true' };
  if (parent === undefined || parseBackupName(parent) === undefined) {
    throw unusable(key, `its parent ${JSON.stringify(parent)} is not a dataset@snapshot`);
  }
  return { parent };
}

function checkMetadata(key: string, metadata: Readonly<Record<string, string>>): void {
  const entries = Object.entries(metadata);
  for (const [name, value] of entries) {
    // A header loses spaces at its ends, so such a value would not come back as it was.
    if (!PRINTABLE_ASCII.test(value) || value.trim() !== value) {
      throw unusable(key, `${name} ${JSON.stringify(value)} is not printable ASCII`);
    }
    if (name.endsWith('guid') && !DECIMAL.test(value)) throw unusable(key, `${name} ${value} is no number`);
  }
  const bytes = entries.reduce(
    (sum, [name, value]) => sum + name.length + value.length,
    new TextEncoder().encode(key).byteLength,
  );
  if (bytes >= MAX_BYTES_WITH_KEY) {
    throw unusable(key, `key and metadata have ${bytes} bytes, the limit is ${MAX_BYTES_WITH_KEY}`);
  }
}

function unusable(key: string, why: string): Zfs3BackupError {
  return new Zfs3BackupError('USAGE', `The metadata of ${JSON.stringify(key)} cannot be stored: ${why}`);
}

/**
 * What an object under the store's `prefix` says of itself; `undefined` when its key is no backup's. Never throws: a value that makes no sense
 * counts as absent. An object that says neither `isfull` nor `parent` is an incremental without a parent, so that
 * its health shows that nobody knows what it builds on; one that says both is full, as it was for z3.
 */
export function decodeBackup(prefix: string, object: StoredObject): Backup | undefined {
  const name = parseBackupKey(prefix, object.key);
  if (name === undefined) return undefined;
  const said = readValues(object.metadata);
  const isFull = said('isfull') === 'true' || said('is_full') === 'true';
  return {
    key: object.key,
    ...name,
    kind: isFull ? 'full' : 'incremental',
    parent: isFull ? undefined : decodeParent(name.dataset, said('parent')),
    compressor: decodeFilter(said('compressor')),
    encryptor: decodeFilter(said('encryptor')),
    estimate: decodeEstimate(said('size')),
    storedBytes: object.bytes,
    etag: object.etag,
    storedAt: object.modifiedAt,
    storageClass: object.storageClass,
    guid: decodeGuid(said('guid')),
    parentGuid: isFull ? undefined : decodeGuid(said('parent-guid')),
    recordKey: undefined,
    staleRecordKey: undefined,
    streamBytes: undefined,
    sendFlags: decodeSendFlags(said(SEND_FLAGS_KEY)),
    snapshotCreatedAt: undefined,
  };
}

// Some stores hand keys back capitalised.
function readValues(metadata: Readonly<Record<string, string>>): (name: string) => string | undefined {
  const values = new Map(Object.entries(metadata).map(([name, value]) => [name.toLowerCase(), value]));
  return (name) => values.get(name);
}

// Linked by the whole `dataset@snapshot`: a snapshot of the same name in another dataset holds other data, even
// where that dataset was renamed to this one since. Such a parent is kept in full, and counts as missing.
function decodeParent(dataset: string, text: string | undefined): string | undefined {
  const parent = text === undefined ? undefined : parseBackupName(text);
  if (parent === undefined) return undefined;
  return parent.dataset === dataset ? parent.snapshot : text;
}

function decodeFilter(text: string | undefined): string | undefined {
  if (text === undefined || text.trim() === '' || text === 'none') return undefined;
  // Not dropped: without a name the body would be taken for a plain stream.
  return text.replace(/[^\x20-\x7e]/g, '?');
}

function decodeEstimate(text: string | undefined): number | undefined {
  if (text === undefined || !DECIMAL.test(text)) return undefined;
  const bytes = Number(text);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

function decodeGuid(text: string | undefined): string | undefined {
  return text !== undefined && DECIMAL.test(text) ? text : undefined;
}
