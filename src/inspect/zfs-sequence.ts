import { createCollector } from './collect.ts';
import type { Complaints } from './inspect-error.ts';
import { NvlistError } from './nvlist.ts';
import type { ZfsFacts, ZfsStreamFacts } from './stream-inspector.ts';
import type { ZfsChecksum } from './zfs-checksum.ts';
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

/** Where in the stream a record stands. `header`: in the list in front of a package. `between`: a package's streams. */
type Place = 'start' | 'header' | 'between' | 'stream' | 'end';

/** Far more than the list of a package can promise, and few enough to be remembered. */
const MAX_STREAMS = 500_000;

/** Takes the records of a stream one after the other: which may follow which, and what they say. Throws CORRUPT_STREAM. */
export function createZfsSequence(complain: Complaints, checksum: ZfsChecksum | undefined) {
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
    if (streams.length === MAX_STREAMS) {
      throw complain.damaged(position, `more than ${MAX_STREAMS} streams in one package`);
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
      if (count === 0) return 'before its first record';
      const missing = place === 'between' ? 'the END of the package' : 'END';
      return `behind record ${count} (${recordName(type)}), before ${missing}`;
    },
    facts: (bytes: number): ZfsFacts => ({ kind: 'zfs', isPackage, streams, records: count, bytes }),
  };
}

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  return bytes.subarray(from, to).every((byte) => byte === 0);
}
