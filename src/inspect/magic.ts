import { hasMagic, MAGIC, MAGIC_AT } from './zfs-record.ts';
import { isSkippable, ZSTD_MAGIC } from './zstd-frames.ts';

/** What it takes to tell what a stream is. */
export const HEAD_BYTES = 16;

/** What a stream says that it is, by its first bytes: HEAD_BYTES of them, or all where it is shorter. */
export function recognise(head: Uint8Array): 'zfs' | 'zstd' | 'gzip' | 'unknown' {
  if (isZfsStream(head) || couldBeZfs(head)) return 'zfs';
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (head.byteLength >= 4) {
    const magic = view.getUint32(0, true);
    if (magic === ZSTD_MAGIC || isSkippable(magic)) return 'zstd';
  }
  // RFC 1952: the method is always deflate, and no more than five flags exist.
  if (head[0] === 0x1f && head[1] === 0x8b && head[2] === 8 && ((head[3] ?? 0) & 0xe0) === 0) return 'gzip';
  return 'unknown';
}

export function isZfsStream(head: Uint8Array): boolean {
  if (head.byteLength < HEAD_BYTES) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  // the magic number alone: a stream whose first bytes were damaged must not pass for something else
  return hasMagic(view, 0, true) || hasMagic(view, 0, false);
}

/** Whether so short a stream is the beginning of one: something of the magic number must be seen, more than its zeros. */
export function couldBeZfs(head: Uint8Array): boolean {
  if (head.byteLength >= HEAD_BYTES || head.subarray(0, 4).some((byte) => byte !== 0)) return false;
  const magic = head.subarray(MAGIC_AT);
  return (
    magic.some((byte) => byte !== 0) &&
    [MAGIC, MAGIC.toReversed()].some((whole) => magic.every((byte, index) => byte === whole[index]))
  );
}
