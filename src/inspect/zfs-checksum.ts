import { createFletcher4, type Fletcher4, type Sums } from './fletcher4.ts';
import type { Complaints } from './inspect-error.ts';
import { RECORD_BYTES, RECORD_CHECKSUM_AT } from './zfs-record.ts';

export type ZfsChecksum = ReturnType<typeof createZfsChecksum>;

/** The running checksum of one stream after another, compared with what stands in their records. */
export function createZfsChecksum(complain: Complaints) {
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
