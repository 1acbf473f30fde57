/**
 * Packed name-value lists in the native encoding, which is how the kernel puts them into a BEGIN record and into a
 * resume token. Layout: OpenZFS, `include/sys/nvpair.h` and `module/nvpair/nvpair.c`.
 *
 * header   encoding (0 is native), byte order (1 is little endian), two bytes unused
 * list     version u32, flags u32, pairs, a u32 of zero
 * pair     size u32, size of the name u16, u16 unused, elements u32, type u32, name with its NUL, value;
 *          name and value each padded to 8 bytes
 */

const HEADER_BYTES = 4;
const LIST_BYTES = 8;
const PAIR_BYTES = 16;
const UNIQUE_NAMES = 1;
const TYPE_BOOLEAN = 1;
const TYPE_UINT64 = 8;
const TYPE_STRING = 9;
const TYPE_NVLIST = 19;
const TYPE_NVLIST_ARRAY = 20;

const padded = (bytes: number) => (bytes + 7) & ~7;

export type PlainValue = bigint | string | true;

/** The top level's numbers, texts and flags, others left out; `undefined` for what is no such list. */
export function readPackedNvlist(packed: Uint8Array): ReadonlyMap<string, PlainValue> | undefined {
  const isLittleEndian = byteOrderOf(packed);
  if (isLittleEndian === undefined) return undefined;
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const found = new Map<string, PlainValue>();
  for (let at = HEADER_BYTES + LIST_BYTES; at + 4 <= packed.byteLength; ) {
    const size = view.getUint32(at, isLittleEndian);
    if (size === 0) return found;
    if (size < PAIR_BYTES || size % 8 !== 0 || at + size > packed.byteLength) return undefined;
    const pair = packed.subarray(at, at + size);
    const nameBytes = view.getUint16(at + 4, isLittleEndian);
    const type = view.getUint32(at + 12, isLittleEndian);
    if (nameBytes < 1 || PAIR_BYTES + nameBytes > size) return undefined;
    const name = textOf(pair.subarray(PAIR_BYTES, PAIR_BYTES + nameBytes));
    const valueAt = padded(PAIR_BYTES + nameBytes);
    if (type === TYPE_BOOLEAN) found.set(name, true);
    else if (type === TYPE_STRING) found.set(name, textOf(pair.subarray(valueAt)));
    else if (type === TYPE_UINT64 && valueAt + 8 <= size)
      found.set(name, view.getBigUint64(at + valueAt, isLittleEndian));
    // a nested list has its own pairs behind this one: nothing that is looked for stands behind such
    else if (type === TYPE_NVLIST || type === TYPE_NVLIST_ARRAY) return found;
    at += size;
  }
  return undefined;
}

/** The list (an empty one for no bytes) with these numbers before its own pairs; `undefined` for what is no list. */
export function withNumbers(
  packed: Uint8Array,
  numbers: Readonly<Record<string, bigint>>,
  isLittleEndian: boolean,
): Uint8Array | undefined {
  const list = packed.byteLength === 0 ? emptyList(isLittleEndian) : packed;
  if (byteOrderOf(list) !== isLittleEndian) return undefined;
  const pairs = Object.entries(numbers).map(([name, value]) => numberPair(name, value, isLittleEndian));
  const start = HEADER_BYTES + LIST_BYTES;
  return Buffer.concat([list.subarray(0, start), ...pairs, list.subarray(start)]);
}

function emptyList(isLittleEndian: boolean): Uint8Array {
  const list = new Uint8Array(HEADER_BYTES + LIST_BYTES + 4);
  list[1] = isLittleEndian ? 1 : 0;
  new DataView(list.buffer).setUint32(HEADER_BYTES + 4, UNIQUE_NAMES, isLittleEndian);
  return list;
}

function numberPair(name: string, value: bigint, isLittleEndian: boolean): Uint8Array {
  const text = new TextEncoder().encode(`${name}\0`);
  const valueAt = padded(PAIR_BYTES + text.byteLength);
  const pair = new Uint8Array(valueAt + 8);
  const view = new DataView(pair.buffer);
  view.setUint32(0, pair.byteLength, isLittleEndian);
  view.setUint16(4, text.byteLength, isLittleEndian);
  view.setUint32(8, 1, isLittleEndian);
  view.setUint32(12, TYPE_UINT64, isLittleEndian);
  pair.set(text, PAIR_BYTES);
  view.setBigUint64(valueAt, value, isLittleEndian);
  return pair;
}

/** Whether it is little endian; `undefined` where it is no native list. */
function byteOrderOf(packed: Uint8Array): boolean | undefined {
  if (packed.byteLength < HEADER_BYTES + LIST_BYTES + 4 || packed[0] !== 0) return undefined;
  return packed[1] === 1 ? true : packed[1] === 0 ? false : undefined;
}

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}
