import { createCollector } from './collect.ts';
import { createFletcher4, type Fletcher4, type Sums } from './fletcher4.ts';
import { type Complaints, createComplaints } from './inspect-error.ts';
import { NvlistError } from './nvlist.ts';
import type { SyncStreamInspector, ZfsFacts, ZfsStreamFacts } from './stream-inspector.ts';
import { findMissing, type PackagePromise, readPackagePromise } from './zfs-package.ts';
import {
  BEGIN,
  END,
  END_BYTES,
  END_CHECKSUM_AT,
  hasMagic,
  payloadOf,
  RECORD_BYTES,
  RECORD_CHECKSUM_AT,
  readBegin,
  readEndGuid,
  readHeaderType,
  recordName,
} from './zfs-record.ts';

export interface ZfsInspectorOptions {
  /** Whether the checksums in the stream are compared with what is there. */
  readonly checksums: boolean;
  /** What it is called when it is refused. */
  readonly what?: string | undefined;
  /** What to do then; by default for whoever makes the stream. */
  readonly advice?: string | undefined;
}

/** Where in the stream a record stands. `header`: in the list in front of a package. `between`: a package's streams. */
type Place = 'start' | 'header' | 'between' | 'stream' | 'end';

/**
 * Follows the records of a ZFS send stream: plain ones and packages, in both byte orders. Refuses what is not whole and
 * well framed, followed by nothing, and, with `checksums`, what is not as it was when it was made. Packages must hold
 * what they promise.
 */
export function createZfsInspector(options: ZfsInspectorOptions): SyncStreamInspector<ZfsFacts> {
  const complain = createComplaints(options.what ?? 'ZFS send stream', options.advice);
  const checksum = options.checksums ? createChecksum(complain) : undefined;
  const header = new Uint8Array(RECORD_BYTES);
  const headerView = new DataView(header.buffer);
  let filled = 0;
  let payloadLeft = 0;
  let position = 0;
  const records = createRecords(complain, checksum);

  /** Takes the record that begins at `at`, which stands whole in `bytes`. */
  function takeRecord(bytes: Uint8Array, view: DataView, at: number): void {
    payloadLeft = records.take(bytes, view, at, position);
    position += RECORD_BYTES;
    if (payloadLeft === 0) records.finish(position);
  }

  function takePayload(chunk: Uint8Array, at: number): number {
    const end = Math.min(chunk.byteLength, at + payloadLeft);
    checksum?.add(chunk, at, end);
    records.keep(chunk, at, end);
    position += end - at;
    payloadLeft -= end - at;
    if (payloadLeft === 0) records.finish(position);
    return end;
  }

  return {
    push(chunk) {
      const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      for (let at = 0; at < chunk.byteLength; ) {
        if (payloadLeft > 0) {
          at = takePayload(chunk, at);
        } else if (records.place() === 'end') {
          throw complain.trailing(position);
        } else if (filled === 0 && chunk.byteLength - at >= RECORD_BYTES) {
          takeRecord(chunk, view, at);
          at += RECORD_BYTES;
        } else {
          const piece = chunk.subarray(at, at + RECORD_BYTES - filled);
          header.set(piece, filled);
          filled += piece.byteLength;
          at += piece.byteLength;
          if (filled === RECORD_BYTES) {
            filled = 0;
            takeRecord(header, headerView, 0);
          }
        }
      }
      return undefined;
    },
    end() {
      if (records.place() !== 'end' || payloadLeft > 0) {
        throw complain.truncated(position + filled, records.describe(payloadLeft > 0, filled > 0));
      }
      return records.facts(position);
    },
    close() {},
  };
}

/** What the records say one after the other. */
function createRecords(complain: Complaints, checksum: Checksum | undefined) {
  let place: Place = 'start';
  let le = true;
  let isPackage = false;
  let packageName = '';
  let promise: PackagePromise | undefined;
  let list: ReturnType<typeof createCollector> | undefined;
  let type = BEGIN;
  let count = 0;
  let guid = 0n;
  const streams: ZfsStreamFacts[] = [];

  function takeBegin(view: DataView, at: number, position: number): void {
    if (place === 'start') le = hasMagic(view, at, true);
    if (!hasMagic(view, at, le)) {
      throw complain.damaged(position, 'a BEGIN record should be here, and its magic number is not');
    }
    const kind = readHeaderType(view, at, le);
    if (place === 'between' ? kind !== 'stream' : kind === undefined) {
      throw complain.damaged(position, 'this BEGIN record starts a kind of stream that is not known here');
    }
    const begin = readBegin(view, at, le);
    checksum?.start(le);
    if (kind === 'package') {
      isPackage = true;
      packageName = begin.name;
      guid = 0n;
      list = createCollector();
      place = 'header';
    } else {
      streams.push(begin);
      guid = BigInt(begin.guid);
      place = 'stream';
    }
  }

  /** Of the list in front of a package, of a stream, or of the package. */
  function takeEnd(bytes: Uint8Array, view: DataView, at: number, position: number): void {
    if (place === 'between') {
      if (!isZero(bytes, at + 4, at + RECORD_BYTES)) {
        throw complain.damaged(position, "the package's END record is not empty");
      }
      const missing = findMissing(packageName, promise, streams);
      if (missing) throw complain.incomplete(missing);
      place = 'end';
      return;
    }
    checksum?.compare(view, at + END_CHECKSUM_AT, le, position, 'all before this END record');
    // No checksum covers the rest of the last record everywhere.
    if (
      !isZero(bytes, at + 4, at + END_CHECKSUM_AT) ||
      !isZero(bytes, at + END_BYTES, at + RECORD_CHECKSUM_AT)
    ) {
      throw complain.damaged(position, 'this END record holds what does not belong there');
    }
    if (readEndGuid(view, at, le) !== guid) {
      throw complain.damaged(position, 'this END record belongs to another stream than BEGIN');
    }
    place = isPackage ? 'between' : 'end';
  }

  function check(view: DataView, at: number, position: number): void {
    type = view.getUint32(at, place === 'start' ? hasMagic(view, at, true) : le);
    if (place === 'start' && type !== BEGIN) throw complain.damaged(position, 'it does not start with BEGIN');
    const name = recordName(type);
    if (name === undefined) {
      const why = `a record of type ${type}, which is not known here: damage, or a ZFS newer than this program`;
      throw complain.damaged(position, why);
    }
    const fits = {
      start: type === BEGIN,
      header: type === END,
      between: type === BEGIN || type === END,
      stream: type !== BEGIN,
      end: false,
    };
    if (!fits[place]) throw complain.damaged(position, `a record of type ${name} cannot stand here`);
  }

  return {
    place: () => place,
    /** Returns how many bytes of payload follow. */
    take(bytes: Uint8Array, view: DataView, at: number, position: number): number {
      const before = place;
      check(view, at, position);
      count += 1;
      if (type === BEGIN) takeBegin(view, at, position);
      else if (type === END) takeEnd(bytes, view, at, position);
      const isClosing = type === END && before === 'between';
      if (!isClosing) checksum?.addRecord(bytes, view, at, le, position, type !== BEGIN);
      const payload = payloadOf(view, at, type, le);
      if (payload.bytes % 4 !== 0 || payload.bytes > payload.most) {
        const why = `a record of type ${recordName(type)} claims ${payload.bytes} bytes of payload`;
        throw complain.damaged(position, why);
      }
      return payload.bytes;
    },
    /** A piece of the payload. */
    keep(bytes: Uint8Array, from: number, to: number): void {
      list?.add(bytes, from, to);
    },
    /** The payload is over. */
    finish(position: number): void {
      if (!list) return;
      const packed = list.bytes();
      list = undefined;
      if (packed.byteLength === 0) return;
      try {
        promise = readPackagePromise(packed);
      } catch (error) {
        if (!(error instanceof NvlistError)) throw error;
        const why = `the list of what the package holds cannot be read (${error.message})`;
        throw complain.damaged(position - packed.byteLength, why, error);
      }
    },
    /** In what of it a stream ended that is cut short. */
    describe(inPayload: boolean, inHeader: boolean): string {
      if (inPayload) return `in record ${count} (${recordName(type)})`;
      if (inHeader) return `in record ${count + 1}, before its type can be told`;
      const last = count > 0 ? ` behind record ${count} (${recordName(type)})` : '';
      return place === 'between'
        ? `${last.trim()}, before the END of the package`
        : `${last.trim()}, before END`;
    },
    facts: (bytes: number): ZfsFacts => ({ kind: 'zfs', isPackage, streams, records: count, bytes }),
  };
}

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  return bytes.subarray(from, to).every((byte) => byte === 0);
}

type Checksum = ReturnType<typeof createChecksum>;

function createChecksum(complain: Complaints) {
  const fletcher: Fletcher4 = createFletcher4();

  function compare(view: DataView, at: number, le: boolean, position: number, what: string): void {
    const expected = readSums(view, at, le);
    if (fletcher.sums().every((sum, index) => sum === expected[index])) return;
    throw complain.damaged(position, `the checksum of ${what} does not fit`);
  }

  return {
    start: fletcher.start,
    add: fletcher.add,
    compare,
    addRecord(
      bytes: Uint8Array,
      view: DataView,
      at: number,
      le: boolean,
      position: number,
      hasChecksum: boolean,
    ): void {
      const checksumAt = at + RECORD_CHECKSUM_AT;
      fletcher.add(bytes, at, checksumAt);
      // Zeros: not used. zfs-fuse has none, and in a BEGIN the name may reach into it.
      if (hasChecksum && readSums(view, checksumAt, le).some((sum) => sum !== 0n)) {
        compare(view, checksumAt, le, position, 'all before and in this record');
      }
      fletcher.add(bytes, checksumAt, at + RECORD_BYTES);
    },
  };
}

function readSums(view: DataView, at: number, le: boolean): Sums {
  return [
    view.getBigUint64(at, le),
    view.getBigUint64(at + 8, le),
    view.getBigUint64(at + 16, le),
    view.getBigUint64(at + 24, le),
  ];
}
