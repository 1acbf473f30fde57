import { hasMagic, payloadOf, RECORD_BYTES, readHeaderType, recordName } from '../../inspect/zfs-record.ts';

/**
 * What going on in the middle of a send stream needs to know of its records, besides their lengths:
 * `dmu_replay_record_t` in OpenZFS's `include/sys/zfs_ioctl.h`. Numbers are in the byte order of the machine that sent.
 */

export const RECORD_TYPES = {
  begin: 0,
  object: 1,
  write: 3,
  free: 4,
  end: 5,
  writeEmbedded: 8,
  objectRange: 9,
} as const;

/** Of the features in a BEGIN, as they stand in its version. */
const FEATURES_SHIFT = 2n;
const RESUMING = 1n << 20n;

export interface BeginRecord {
  readonly isLittleEndian: boolean;
  readonly isPackage: boolean;
  readonly isResuming: boolean;
  /** Decimal. */
  readonly guid: string;
  readonly payloadBytes: number;
}

/** `undefined` where the bytes are no BEGIN. */
export function readBegin(record: Uint8Array): BeginRecord | undefined {
  const view = viewOf(record);
  const isLittleEndian = hasMagic(view, 0, true);
  if (!isLittleEndian && !hasMagic(view, 0, false)) return undefined;
  if (record.byteLength < RECORD_BYTES || view.getUint32(0, isLittleEndian) !== RECORD_TYPES.begin)
    return undefined;
  const version = view.getBigUint64(16, isLittleEndian);
  return {
    isLittleEndian,
    isPackage: readHeaderType(view, 0, isLittleEndian) !== 'stream',
    isResuming: ((version >> FEATURES_SHIFT) & RESUMING) !== 0n,
    guid: String(view.getBigUint64(40, isLittleEndian)),
    payloadBytes: view.getUint32(4, isLittleEndian),
  };
}

/** The same BEGIN for a stream that goes on in the middle, with a payload of this size. */
export function resumingBegin(record: Uint8Array, payloadBytes: number, isLittleEndian: boolean): Uint8Array {
  const resuming = record.slice();
  const view = viewOf(resuming);
  view.setUint32(4, payloadBytes, isLittleEndian);
  const version = view.getBigUint64(16, isLittleEndian);
  view.setBigUint64(16, version | (RESUMING << FEATURES_SHIFT), isLittleEndian);
  return resuming;
}

export interface RecordFacts {
  readonly type: number;
  /** What it is about: an object, or the first of several. */
  readonly object: bigint;
  /** Where in the object; without meaning for records that are about no part of one. */
  readonly offset: bigint;
  readonly payloadBytes: number;
}

/** `undefined` for a type that is not known, and for a length that no record has. */
export function readRecord(record: Uint8Array, isLittleEndian: boolean): RecordFacts | undefined {
  const view = viewOf(record);
  const type = view.getUint32(0, isLittleEndian);
  const payload = payloadOf(view, 0, type, isLittleEndian);
  if (recordName(type) === undefined || !(payload.bytes <= payload.most)) return undefined;
  return {
    type,
    object: view.getBigUint64(8, isLittleEndian),
    offset: view.getBigUint64(type === RECORD_TYPES.write ? 24 : 16, isLittleEndian),
    payloadBytes: payload.bytes,
  };
}

const TO_THE_END = 0xffff_ffff_ffff_ffffn;

/** Whether a FREE takes away all behind an object's last byte. */
export function isFreeToTheEnd(record: Uint8Array, isLittleEndian: boolean): boolean {
  return viewOf(record).getBigUint64(24, isLittleEndian) === TO_THE_END;
}

/** How many objects an OBJECT_RANGE is about. */
export function rangeSlots(record: Uint8Array, isLittleEndian: boolean): bigint {
  return viewOf(record).getBigUint64(16, isLittleEndian);
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
