import { type FilterRegistry, filtersOf } from '../filters/registry.ts';
import { hasMagic, RECORD_BYTES, readHeaderType } from '../inspect/zfs-record.ts';
import type { Backup, Lineage } from '../lineage/backup.ts';
import type { CallOptions, ObjectStore } from '../store/object-store.ts';
import { streamOf } from '../stream/gather.ts';
import { headReader } from './read-head.ts';

/** Of a stored body: the built-in decoders give nothing before 128 KiB of stream are full. */
const BODY_BYTES = 256 * 1024;
/** Of the stream: the list in front of a package of some hundred snapshots. */
const HEAD_BYTES = 64 * 1024;
/** Stands in the list of a package of one dataset: `send -p`, as libzfs has it since `-R` and `-p` differ. */
const OF_ONE = Buffer.from('not_recursive');

interface Where {
  readonly store: ObjectStore;
  readonly filters?: FilterRegistry | undefined;
}

/**
 * The lineage with `-R` as the send flags of those of `steps` that are packages of several datasets, where nobody
 * wrote their flags down: a fork of the Python zfs3backup sent all of them so. The heads of the streams tell; where the
 * oldest is none, as with z3, the others are not asked.
 */
export async function markReplications(
  lineage: Lineage,
  steps: readonly Backup[],
  where: Where,
  call: CallOptions,
): Promise<Lineage> {
  const found = new Set<string>();
  for (const backup of steps.filter(({ sendFlags }) => sendFlags === undefined)) {
    if (!(await isReplicationStream(backup, where, call))) break;
    found.add(backup.key);
  }
  if (found.size === 0) return lineage;
  const entries = lineage.entries.map((entry) =>
    found.has(entry.backup.key) ? { ...entry, backup: { ...entry.backup, sendFlags: ['-R'] } } : entry,
  );
  return { ...lineage, entries };
}

async function isReplicationStream(
  backup: Backup,
  { store, ...where }: Where,
  call: CallOptions,
): Promise<boolean> {
  const body = await headReader(store, backup.key, backup.storedBytes, call)(BODY_BYTES);
  const head = await decodeHead(body, filtersOf(where).decoderOf(backup), call);
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const isZfs = head.byteLength >= RECORD_BYTES && (hasMagic(view, 0, true) || hasMagic(view, 0, false));
  if (!isZfs) return false;
  return readHeaderType(view, 0, hasMagic(view, 0, true)) !== 'stream' && !head.includes(OF_ONE);
}

/** As far as a body that is cut can be decoded; what is wrong with it shows when all of it is. */
async function decodeHead(
  body: Uint8Array,
  decoder: ReturnType<FilterRegistry['decoderOf']>,
  { signal }: CallOptions,
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    const stream = decoder?.decode(streamOf(body), signal ? { signal } : {}) ?? streamOf(body);
    for await (const chunk of stream) {
      pieces.push(Buffer.from(chunk));
      bytes += chunk.byteLength;
      if (bytes >= HEAD_BYTES) break;
    }
  } catch {
    signal?.throwIfAborted();
  }
  return Buffer.concat(pieces);
}
