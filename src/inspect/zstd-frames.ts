import type { Complaints } from './inspect-error.ts';

/*
 * Frames and blocks of zstd, RFC 8878: how long each is stands in front of it, so that nothing has to be decoded to see
 * that all is there.
 */

export const ZSTD_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const MAX_BLOCK_BYTES = 128 * 1024;
/** What zstd itself decodes unless it is told to take more memory. */
const MAX_WINDOW_BYTES = 128 * 1024 ** 2;

const DICTIONARY_BYTES = [0, 1, 2, 4];
const CONTENT_BYTES = [0, 2, 4, 8];

export function isSkippable(magic: number): boolean {
  return (magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC;
}

export interface ZstdFrames {
  /** Throws CORRUPT_STREAM. */
  push(chunk: Uint8Array): void;
  /** Throws CORRUPT_STREAM where it ends inside a frame. */
  end(): void;
  /** Of another format: its frames that are to be skipped look the same. Nothing is checked any more. */
  isOther(): boolean;
  /** Whether a frame came that only a dictionary or much memory can decode. */
  isBeyondUs(): boolean;
}

/** What the next bytes are. */
type Step = 'magic' | 'skip size' | 'descriptor' | 'header' | 'block header' | 'content' | 'checksum';

/** Follows any number of frames. */
export function createZstdFrames(complain: Complaints): ZstdFrames {
  const field = new Uint8Array(16);
  const view = new DataView(field.buffer);
  let step: Step = 'magic';
  let wanted = 4;
  let filled = 0;
  let left = 0;
  let position = 0;
  let frames = 0;
  let isLastBlock = false;
  let hasChecksum = false;
  let isOther = false;
  let isBeyondUs = false;

  function expect(next: Step, bytes: number): void {
    step = next;
    wanted = bytes;
    filled = 0;
  }

  function skip(bytes: number): void {
    left = bytes;
    step = 'content';
    if (left === 0) finishContent();
  }

  function finishContent(): void {
    if (!isLastBlock) expect('block header', 3);
    else if (hasChecksum) expect('checksum', 4);
    else expect('magic', 4);
  }

  function takeMagic(): void {
    const magic = view.getUint32(0, true);
    if (magic === ZSTD_MAGIC) {
      frames += 1;
      expect('descriptor', 1);
    } else if (isSkippable(magic)) {
      expect('skip size', 4);
    } else if (frames > 0) {
      throw complain.damaged(position - 4, 'a frame should begin here, and none does');
    } else {
      isOther = true;
    }
  }

  function takeDescriptor(): void {
    const descriptor = view.getUint8(0);
    if (descriptor & 0b1000) throw complain.damaged(position - 1, 'a reserved bit of a frame is set');
    const isSingle = (descriptor & 0b100000) !== 0;
    hasChecksum = (descriptor & 0b100) !== 0;
    const contentBytes = CONTENT_BYTES[descriptor >> 6] as number;
    const dictionaryBytes = DICTIONARY_BYTES[descriptor & 3] as number;
    const bytes = (isSingle ? 0 : 1) + dictionaryBytes + (contentBytes || (isSingle ? 1 : 0));
    // kept behind the header, which fills the field from its beginning
    field[15] = descriptor;
    expect('header', bytes);
  }

  function takeHeader(): void {
    const descriptor = view.getUint8(15);
    const isSingle = (descriptor & 0b100000) !== 0;
    const dictionaryBytes = DICTIONARY_BYTES[descriptor & 3] as number;
    if (
      field
        .subarray(isSingle ? 0 : 1)
        .subarray(0, dictionaryBytes)
        .some((byte) => byte !== 0)
    )
      isBeyondUs = true;
    if (windowOf(isSingle, descriptor >> 6, dictionaryBytes) > MAX_WINDOW_BYTES) isBeyondUs = true;
    expect('block header', 3);
  }

  function windowOf(isSingle: boolean, contentFlag: number, at: number): number {
    if (!isSingle) {
      const base = 2 ** (10 + (view.getUint8(0) >> 3));
      return base + (base / 8) * (view.getUint8(0) & 7);
    }
    if (contentFlag === 3) return Number(view.getBigUint64(at, true));
    if (contentFlag === 2) return view.getUint32(at, true);
    return 0;
  }

  function takeBlockHeader(): void {
    const header = view.getUint32(0, true) & 0xffffff;
    const type = (header >> 1) & 3;
    const bytes = header >>> 3;
    isLastBlock = (header & 1) === 1;
    if (type === 3) throw complain.damaged(position - 3, 'a block of a type that does not exist');
    if (bytes > MAX_BLOCK_BYTES) throw complain.damaged(position - 3, `a block claims ${bytes} bytes`);
    skip(type === 1 ? 1 : bytes);
  }

  function takeField(): void {
    if (step === 'magic') takeMagic();
    else if (step === 'skip size') {
      isLastBlock = true;
      hasChecksum = false;
      skip(view.getUint32(0, true));
    } else if (step === 'descriptor') takeDescriptor();
    else if (step === 'header') takeHeader();
    else if (step === 'block header') takeBlockHeader();
    else expect('magic', 4);
  }

  function push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.byteLength && !isOther; ) {
      if (step === 'content') {
        const taken = Math.min(left, chunk.byteLength - at);
        at += taken;
        position += taken;
        left -= taken;
        if (left === 0) finishContent();
      } else {
        const piece = chunk.subarray(at, at + wanted - filled);
        field.set(piece, filled);
        at += piece.byteLength;
        position += piece.byteLength;
        filled += piece.byteLength;
        if (filled === wanted) takeField();
      }
    }
  }

  return {
    push,
    end() {
      if (isOther || (step === 'magic' && filled === 0)) return;
      throw complain.truncated(position, frames > 0 ? `in frame ${frames}` : 'before its first frame');
    },
    isOther: () => isOther,
    isBeyondUs: () => isBeyondUs,
  };
}
