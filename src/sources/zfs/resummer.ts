import { END_CHECKSUM_AT as END_SUMS_AT, RECORD_CHECKSUM_AT as SUMS_AT } from '../../inspect/zfs-record.ts';
import { viewOf } from './replay-record.ts';
import {
  addBytes,
  afterWords,
  areZero,
  minus,
  NO_SUMS,
  plus,
  readSums,
  SUMS_BYTES,
  type Sums,
  writeSums,
} from './running-checksum.ts';

/** Puts new running sums into the records of a stream that begins in another way than it was sent. */
export interface Resummer {
  /** Takes bytes that are new, and hands them back. */
  add(bytes: Uint8Array): Uint8Array;
  /** A record among the new ones: with its sums put in. */
  sum(record: Uint8Array): Uint8Array;
  /** From this record on, to be given to `resum` next, all goes on as it was sent. `false` where it has no sums. */
  startAt(record: Uint8Array): boolean;
  /** The record with the sums that it has now. */
  resum(record: Uint8Array): Uint8Array;
  /** The same for END, which holds the sums of all before it once more. */
  resumEnd(record: Uint8Array): Uint8Array;
  /** So many bytes pass as they are. */
  pass(bytes: number): void;
}

const WORD = 4;

export function createResummer(isLittleEndian: boolean): Resummer {
  /** Of the new bytes, up to `startAt`. */
  let sums = NO_SUMS;
  /** From there on: the new sums less the old ones, where the next record begins. */
  let ahead = NO_SUMS;
  const add = (to: Sums, bytes: Uint8Array) => addBytes(to, bytes, isLittleEndian);
  const sumsOf = (record: Uint8Array, at = SUMS_AT) => readSums(viewOf(record), at, isLittleEndian);
  const withSums = (record: Uint8Array, value: Sums, at = SUMS_AT) => {
    const changed = record.slice();
    writeSums(viewOf(changed), at, value, isLittleEndian);
    return changed;
  };
  const words = (bytes: number) => BigInt(Math.floor(bytes / WORD));

  /** Puts new sums in, given what they are ahead of the old ones in front of them. */
  function put(record: Uint8Array, old: Sums, difference: Sums): Uint8Array {
    const changed = withSums(record, plus(old, difference));
    const field = (from: Uint8Array) => from.subarray(SUMS_AT, SUMS_AT + SUMS_BYTES);
    ahead = minus(add(plus(old, difference), field(changed)), add(old, field(record)));
    return changed;
  }

  return {
    add(bytes) {
      sums = add(sums, bytes);
      return bytes;
    },
    sum(record) {
      const changed = withSums(record, add(sums, record.subarray(0, SUMS_AT)));
      sums = add(sums, changed);
      return changed;
    },
    startAt(record) {
      const old = sumsOf(record);
      // what the record's own words add is the same on both sides, but for how far it carries
      const before = minus(add(sums, record.subarray(0, SUMS_AT)), old);
      ahead = afterWords(before, -words(SUMS_AT));
      return !areZero(old);
    },
    resum(record) {
      return put(record, sumsOf(record), afterWords(ahead, words(SUMS_AT)));
    },
    resumEnd(record) {
      const before = sumsOf(record, END_SUMS_AT);
      const changed = withSums(record, plus(before, ahead), END_SUMS_AT);
      const head = (from: Uint8Array) => from.subarray(0, SUMS_AT);
      const difference = minus(add(plus(before, ahead), head(changed)), add(before, head(record)));
      return put(changed, sumsOf(record), difference);
    },
    pass(bytes) {
      ahead = afterWords(ahead, words(bytes));
    },
  };
}
