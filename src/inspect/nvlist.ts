/**
 * Lists of names and values as ZFS packs them in XDR form (OpenZFS: module/nvpair/nvpair.c). Read pair by pair and only
 * where somebody asks, so that nothing is built from what a stream claims. Throws `NvlistError`.
 */

export class NvlistError extends Error {
  override readonly name = 'NvlistError';
}

/** One name with its value, which is still packed. */
export interface NvPair {
  readonly name: string;
  readonly type: number;
  readonly value: DataView;
}

const TYPE_UINT64 = 8;
const TYPE_STRING = 9;
const TYPE_NVLIST = 19;

const ENCODING_XDR = 1;
const HEADER_BYTES = 4;
/** Version and flags. */
const LIST_BYTES = 8;
/** Of a pair: both sizes, the name's length, type and count, and of the name nothing. */
const LEAST_PAIR_BYTES = 20;

/** The outermost list. */
export function readPackedNvlist(packed: Uint8Array): DataView {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  need(view, HEADER_BYTES + LIST_BYTES);
  if (view.getUint8(0) !== ENCODING_XDR) throw new NvlistError('it is not in XDR form');
  return slice(view, HEADER_BYTES, view.byteLength);
}

/** The pairs of a list in their order. */
export function* pairsOf(list: DataView): Generator<NvPair, void> {
  for (let at = LIST_BYTES; ; ) {
    need(list, at + 8);
    const bytes = list.getInt32(at);
    if (bytes === 0 && list.getInt32(at + 4) === 0) return;
    if (bytes < LEAST_PAIR_BYTES || bytes % 4 !== 0) throw new NvlistError(`a pair of ${bytes} bytes`);
    need(list, at + bytes);
    yield readPair(slice(list, at, at + bytes));
    at += bytes;
  }
}

function readPair(pair: DataView): NvPair {
  const nameAt = 12;
  const nameBytes = pair.getUint32(8);
  const typeAt = nameAt + padded(nameBytes);
  need(pair, typeAt + 8);
  const value = slice(pair, typeAt + 8, pair.byteLength);
  return { name: textOf(pair, nameAt, nameBytes), type: pair.getInt32(typeAt), value };
}

/** `undefined` where it is of another type. */
export function nvUint64({ type, value }: NvPair): bigint | undefined {
  if (type !== TYPE_UINT64) return undefined;
  need(value, 8);
  return value.getBigUint64(0);
}

/** `undefined` where it is of another type. */
export function nvString({ type, value }: NvPair): string | undefined {
  if (type !== TYPE_STRING) return undefined;
  need(value, 4);
  const bytes = value.getUint32(0);
  need(value, 4 + bytes);
  return textOf(value, 4, bytes);
}

/** `undefined` where it is of another type. */
export function nvList({ type, value }: NvPair): DataView | undefined {
  if (type !== TYPE_NVLIST) return undefined;
  need(value, LIST_BYTES);
  return value;
}

function padded(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}

function slice({ buffer, byteOffset }: DataView, from: number, to: number): DataView {
  return new DataView(buffer, byteOffset + from, to - from);
}

function textOf({ buffer, byteOffset }: DataView, at: number, bytes: number): string {
  return Buffer.from(buffer, byteOffset + at, bytes).toString('utf8');
}

function need({ byteLength }: DataView, bytes: number): void {
  if (!(bytes <= byteLength)) throw new NvlistError('it ends too early');
}
