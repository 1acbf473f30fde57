import { coded } from './coded-error.ts';

/** Longer than any size of a chunk or any trailer that makes sense. */
const MAX_LINE = 8 * 1024;

export interface ChunkedBody {
  /** Reads on, in pieces cut anywhere. Whatever stands behind the end is left alone, and its length returned. */
  take(raw: Buffer): number;
  isWhole(): boolean;
}

/** Takes a body out of its chunks; `onData` gets views of what was taken. Errors have a code of `HPE_…`. */
export function createChunkedBody(onData: (data: Buffer) => void): ChunkedBody {
  let next: 'size' | 'data' | 'end of data' | 'trailer' | 'nothing' = 'size';
  let left = 0;
  let line = '';

  function takeData(raw: Buffer): number {
    const data = raw.subarray(0, left);
    left -= data.byteLength;
    if (left === 0) next = 'end of data';
    onData(data);
    return data.byteLength;
  }

  function takeLine(raw: Buffer): number {
    const end = raw.indexOf('\n');
    line += raw.toString('latin1', 0, end < 0 ? raw.byteLength : end);
    if (line.length > MAX_LINE) throw coded('HPE_HEADER_OVERFLOW', 'a line too long between chunks');
    if (end < 0) return raw.byteLength;
    const text = line.replace(/\r$/, '');
    line = '';
    if (next === 'size') {
      left = sizeIn(text);
      next = left === 0 ? 'trailer' : 'data';
    } else if (next === 'end of data') {
      if (text !== '') throw coded('HPE_STRICT', 'a chunk that is longer than its size');
      next = 'size';
    } else if (text === '') next = 'nothing';
    return end + 1;
  }

  return {
    take: (raw) => {
      let at = 0;
      while (at < raw.byteLength && next !== 'nothing') {
        const rest = raw.subarray(at);
        at += next === 'data' ? takeData(rest) : takeLine(rest);
      }
      return raw.byteLength - at;
    },
    isWhole: () => next === 'nothing',
  };
}

function sizeIn(line: string): number {
  const [, digits] = /^([0-9a-f]{1,12})\s*(?:;|$)/i.exec(line) ?? [];
  if (digits === undefined) throw coded('HPE_INVALID_CHUNK_SIZE', 'a chunk without a size');
  return Number.parseInt(digits, 16);
}
