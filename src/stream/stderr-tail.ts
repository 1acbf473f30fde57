import { StringDecoder } from 'node:string_decoder';

const NEWLINE = 0x0a;

export interface StderrTail {
  add(chunk: Uint8Array): void;
  /** Everything that was kept, as text. */
  text(): string;
  /** The last `count` lines of what was kept, without the final newline. */
  lastLines(count: number): string;
}

/**
 * Keeps the end of what a program wrote to stderr, `limitBytes` at most, however much it writes and whether or
 * not it ever ends a line. `onText` gets all of it as it arrives, cut at characters, not at lines.
 */
export function createStderrTail(limitBytes: number, onText?: (text: string) => void): StderrTail {
  const decoder = new StringDecoder('utf8');
  let kept: Uint8Array = new Uint8Array(0);
  let wasCut = false;

  function text(): string {
    return Buffer.from(kept.buffer, kept.byteOffset, kept.byteLength).toString('utf8');
  }

  return {
    add(chunk) {
      onText?.(decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)));
      const both = kept.byteLength === 0 ? chunk : Buffer.concat([kept, chunk]);
      if (both.byteLength > limitBytes) {
        wasCut = true;
        kept = Buffer.from(startAtCharacter(both.subarray(both.byteLength - limitBytes)));
      } else {
        kept = both;
      }
    },
    text,
    lastLines(count) {
      const end = kept.at(-1) === NEWLINE ? -1 : undefined;
      const lines = text().slice(0, end).split('\n');
      const isFirstCut = wasCut && lines.length <= count;
      return (isFirstCut ? '…' : '') + lines.slice(-count).join('\n');
    },
  };
}

/** Drops what is left of a UTF-8 character whose beginning was cut away. */
function startAtCharacter(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (start < 3 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start++;
  return bytes.subarray(start);
}
