import { createComplaints } from './inspect-error.ts';
import type { SyncStreamInspector, ZfsFacts } from './stream-inspector.ts';
import { createZfsChecksum } from './zfs-checksum.ts';
import { RECORD_BYTES } from './zfs-record.ts';
import { createZfsSequence } from './zfs-sequence.ts';

export interface ZfsInspectorOptions {
  /** Whether the checksums in the stream are compared with what is there. */
  readonly checksums: boolean;
  /** What it is called when it is refused. */
  readonly what?: string | undefined;
  /** What to do then; by default for whoever makes the stream. */
  readonly advice?: string | undefined;
}

/**
 * Follows the records of a ZFS send stream: plain ones and packages, in both byte orders. Refuses what is not whole and
 * well framed, followed by nothing, and, with `checksums`, what is not as it was when it was made. Packages must hold
 * what they promise.
 */
export function createZfsInspector(options: ZfsInspectorOptions): SyncStreamInspector<ZfsFacts> {
  const complain = createComplaints(options.what ?? 'ZFS send stream', options.advice);
  const checksum = options.checksums ? createZfsChecksum(complain) : undefined;
  const header = new Uint8Array(RECORD_BYTES);
  const headerView = new DataView(header.buffer);
  let filled = 0;
  let payloadLeft = 0;
  let position = 0;
  const records = createZfsSequence(complain, checksum);

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
