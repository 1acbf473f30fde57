/** CRC-32 (as in zlib) of bytes that were only seen in pieces; pure arithmetic over GF(2). */

const POLYNOMIAL = 0xedb88320;

/** One linear map of 32 bits: where each single bit goes. */
type BitMap = readonly number[];

/** The CRC-32 of `first` followed by `second`, from theirs and the length of `second` in bytes. */
export function combineCrc32(first: number, second: number, secondBytes: number): number {
  let crc = first;
  let remaining = secondBytes;
  // Lengths go beyond 32 bits, so no bit operators here.
  for (let power = 0; remaining > 0; power += 1) {
    if (remaining % 2 === 1) crc = apply(zeroBytes(power), crc);
    remaining = Math.floor(remaining / 2);
  }
  return (crc ^ second) >>> 0;
}

export function hexOfCrc32(crc: number): string {
  return (crc >>> 0).toString(16).padStart(8, '0');
}

const powers: BitMap[] = [];

/** What 2^power zero bytes behind it do to a CRC. */
function zeroBytes(power: number): BitMap {
  const known = powers[power];
  if (known !== undefined) return known;
  const map = power === 0 ? twice(twice(twice(ONE_ZERO_BIT))) : twice(zeroBytes(power - 1));
  powers[power] = map;
  return map;
}

const ONE_ZERO_BIT: BitMap = Array.from({ length: 32 }, (_, bit) =>
  bit === 0 ? POLYNOMIAL : 2 ** (bit - 1),
);

function apply(map: BitMap, value: number): number {
  let result = 0;
  for (const [bit, image] of map.entries()) {
    if ((value >>> bit) & 1) result ^= image;
  }
  return result >>> 0;
}

function twice(map: BitMap): BitMap {
  return map.map((image) => apply(map, image));
}
