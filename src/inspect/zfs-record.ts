import type { ZfsStreamFacts } from './stream-inspector.ts';

/*
 * The records of a ZFS send stream: `dmu_replay_record` in OpenZFS's include/sys/zfs_ioctl.h, and what its receiver
 * (module/zfs/dmu_recv.c) takes of their lengths. Every function takes the byte order of the stream.
 */

export const RECORD_BYTES = 312;
/** Where the checksum of all before it stands in each record but BEGIN. */
export const RECORD_CHECKSUM_AT = RECORD_BYTES - 32;
/** Where END has the checksum of all before END. */
export const END_CHECKSUM_AT = 8;
/** What END says ends here; behind it are zeros. */
export const END_BYTES = 48;

export const MAGIC_AT = 8;
/** Least significant byte first. */
export const MAGIC = Uint8Array.of(0xac, 0xcb, 0xba, 0xf5, 0x02, 0, 0, 0);

export const BEGIN = 0;
export const END = 5;
const OBJECT = 1;
const WRITE = 3;
const SPILL = 7;
const WRITE_EMBEDDED = 8;

const NAMES = [
  'BEGIN',
  'OBJECT',
  'FREEOBJECTS',
  'WRITE',
  'FREE',
  'END',
  'WRITE_BYREF',
  'SPILL',
  'WRITE_EMBEDDED',
  'OBJECT_RANGE',
  'REDACT',
] as const;

/** `zfs receive` takes no longer list of what a package holds, unless it is told to. */
export const MAX_NVLIST_BYTES = 64 * 1024 ** 2;
const MAX_BLOCK_BYTES = 16 * 1024 ** 2;
/** Of the largest dnode, 16 KiB. */
const MAX_BONUS_BYTES = 16 * 1024;
/** What a block pointer holds. */
const MAX_EMBEDDED_BYTES = 112;

/** `undefined` for one that is not known. */
export function recordName(type: number): string | undefined {
  return NAMES[type];
}

/** Bytes of payload behind a record, and how many there may be at most; what is not a safe integer is too many. */
export function payloadOf(
  view: DataView,
  at: number,
  type: number,
  le: boolean,
): { readonly bytes: number; readonly most: number } {
  switch (type) {
    case BEGIN:
      return { bytes: view.getUint32(at + 4, le), most: MAX_NVLIST_BYTES };
    case OBJECT: {
      const raw = view.getUint32(at + 36, le);
      return { bytes: raw || roundUp(view.getUint32(at + 28, le)), most: MAX_BONUS_BYTES };
    }
    case WRITE: {
      const isCompressed = view.getUint8(at + 50) !== 0;
      return { bytes: readNumber(view, at + (isCompressed ? 96 : 32), le), most: MAX_BLOCK_BYTES };
    }
    case SPILL: {
      const compressed = readNumber(view, at + 40, le);
      return { bytes: compressed || readNumber(view, at + 16, le), most: MAX_BLOCK_BYTES };
    }
    case WRITE_EMBEDDED:
      return { bytes: roundUp(view.getUint32(at + 52, le)), most: MAX_EMBEDDED_BYTES };
    default:
      return { bytes: 0, most: 0 };
  }
}

/** What kind of stream a BEGIN starts; `undefined` for neither. */
export function readHeaderType(view: DataView, at: number, le: boolean): 'stream' | 'package' | undefined {
  const type = view.getUint32(at + (le ? 16 : 20), le) & 3;
  return type === 1 ? 'stream' : type === 2 ? 'package' : undefined;
}

/** Whether this is a BEGIN, by its magic number. */
export function hasMagic(view: DataView, at: number, le: boolean): boolean {
  return MAGIC.every((byte, index) => view.getUint8(at + MAGIC_AT + (le ? index : 7 - index)) === byte);
}

export function readEndGuid(view: DataView, at: number, le: boolean): bigint {
  return view.getBigUint64(at + 40, le);
}

export function readBegin(view: DataView, at: number, le: boolean): ZfsStreamFacts {
  const parent = view.getBigUint64(at + 48, le);
  return {
    name: readName(view, at + 56),
    guid: String(view.getBigUint64(at + 40, le)),
    parentGuid: parent === 0n ? undefined : String(parent),
    createdAt: new Date(readNumber(view, at + 24, le) * 1000),
    type: TYPES[view.getUint32(at + 32, le)] ?? 'other',
    features: namesOf(Number(BigInt.asUintN(30, view.getBigUint64(at + 16, le) >> 2n)), FEATURES),
    flags: namesOf(view.getUint32(at + 36, le), FLAGS),
  };
}

/** `dmu_objset_type`. */
const TYPES: Readonly<Record<number, ZfsStreamFacts['type']>> = { 2: 'filesystem', 3: 'volume' };

/** `DMU_BACKUP_FEATURE_*`, by bit. */
const FEATURES: Readonly<Record<number, string>> = {
  0: 'dedup',
  1: 'dedup-properties',
  2: 'spill',
  16: 'embedded',
  17: 'lz4',
  19: 'large-blocks',
  20: 'resuming',
  21: 'redacted',
  22: 'compressed',
  23: 'large-dnodes',
  24: 'raw',
  25: 'zstd',
  26: 'holds',
  27: 'switch-to-large-blocks',
};

/** `DRR_FLAG_*`, by bit. */
const FLAGS: Readonly<Record<number, string>> = {
  0: 'clone',
  1: 'case-insensitive',
  2: 'free-records',
  3: 'spill-blocks',
};

function namesOf(bits: number, names: Readonly<Record<number, string>>): readonly string[] {
  const found: string[] = [];
  for (let bit = 0; bit < 32; bit += 1) {
    if ((bits >>> bit) & 1) found.push(names[bit] ?? `bit-${bit}`);
  }
  return found.sort();
}

const NAME_BYTES = 256;

function readName({ buffer, byteOffset }: DataView, at: number): string {
  const bytes = Buffer.from(buffer, byteOffset + at, NAME_BYTES);
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? NAME_BYTES : end);
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

function readNumber(view: DataView, at: number, le: boolean): number {
  const [low, high] = le ? [at, at + 4] : [at + 4, at];
  return view.getUint32(high, le) * 2 ** 32 + view.getUint32(low, le);
}
