/**
 * Fletcher-4 as ZFS keeps it along a stream: four sums of 64 bits over its 32-bit words. With BigInts, which is
 * slow for data and good enough for headers. That it is linear is what lets a stream be changed in few places
 * without a look at the data between them: a difference between two sums goes on by itself.
 *
 * The algorithm is described in OpenZFS, `module/zcommon/zfs_fletcher.c`.
 */
export type Sums = readonly [bigint, bigint, bigint, bigint];

export const NO_SUMS: Sums = [0n, 0n, 0n, 0n];

/** Of a checksum as it stands in a record. */
export const SUMS_BYTES = 32;

const wrap = (value: bigint) => BigInt.asUintN(64, value);

/** The sums after these bytes; as many as make whole words of 4. */
export function addBytes(sums: Sums, bytes: Uint8Array, isLittleEndian: boolean): Sums {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let [a, b, c, d] = sums;
  for (let at = 0; at < bytes.byteLength; at += 4) {
    a += BigInt(view.getUint32(at, isLittleEndian));
    b += a;
    c += b;
    d += c;
    // wrapped now and then: often enough to keep the numbers small, seldom enough to be quick
    if ((at & 0xfc) === 0xfc) [a, b, c, d] = [wrap(a), wrap(b), wrap(c), wrap(d)];
  }
  return [wrap(a), wrap(b), wrap(c), wrap(d)];
}

/** What a difference has become when `words` words went by that are the same on both sides. */
export function afterWords([a, b, c, d]: Sums, words: bigint): Sums {
  const pairs = (words * (words + 1n)) / 2n;
  const triples = (words * (words + 1n) * (words + 2n)) / 6n;
  return [
    a,
    wrap(b + words * a),
    wrap(c + words * b + pairs * a),
    wrap(d + words * c + pairs * b + triples * a),
  ];
}

export function plus(one: Sums, other: Sums): Sums {
  return [wrap(one[0] + other[0]), wrap(one[1] + other[1]), wrap(one[2] + other[2]), wrap(one[3] + other[3])];
}

export function minus(one: Sums, other: Sums): Sums {
  return [wrap(one[0] - other[0]), wrap(one[1] - other[1]), wrap(one[2] - other[2]), wrap(one[3] - other[3])];
}

export function areZero([a, b, c, d]: Sums): boolean {
  return a === 0n && b === 0n && c === 0n && d === 0n;
}

export function readSums(view: DataView, at: number, isLittleEndian: boolean): Sums {
  return [
    view.getBigUint64(at, isLittleEndian),
    view.getBigUint64(at + 8, isLittleEndian),
    view.getBigUint64(at + 16, isLittleEndian),
    view.getBigUint64(at + 24, isLittleEndian),
  ];
}

export function writeSums(view: DataView, at: number, sums: Sums, isLittleEndian: boolean): void {
  sums.forEach((sum, index) => {
    view.setBigUint64(at + 8 * index, sum, isLittleEndian);
  });
}
