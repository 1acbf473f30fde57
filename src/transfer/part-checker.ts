import { crc32 } from 'node:zlib';
import { Zfs3BackupError } from '../errors.ts';
import type { RecordedPart } from '../lineage/record.ts';
import { hexOfCrc32 } from '../stream/crc32.ts';

/** A part whose bytes are not those that were stored. */
export interface DamagedPart {
  readonly number: number;
  /** First and last byte of it in the object, both included. */
  readonly first: number;
  readonly last: number;
  /** CRC-32 in hex, as recorded. */
  readonly recorded: string;
  /** As it is now; `undefined` where the object ends before the part does. */
  readonly actual: string | undefined;
}

/** Compares an object's bytes with what its record says of each part. */
export interface PartChecker {
  /** The next bytes, in order; nothing of them is kept. Tells of the parts that ended in them and are damaged. */
  push(chunk: Uint8Array): readonly DamagedPart[];
  /** Tells of the parts that the bytes did not reach the end of. */
  end(): readonly DamagedPart[];
}

/** `parts` as a record has them: in order, without gaps. Bytes behind the last one are not looked at. */
export function createPartChecker({ parts }: { readonly parts: readonly RecordedPart[] }): PartChecker {
  let index = 0;
  let first = 0;
  let filled = 0;
  let crc = 0;

  function next(part: RecordedPart): void {
    index += 1;
    first += part.bytes;
    filled = 0;
    crc = 0;
  }

  function damaged(part: RecordedPart, actual: string | undefined): DamagedPart {
    const last = first + part.bytes - 1;
    return { number: part.number, first, last, recorded: part.crc32, actual };
  }

  return {
    push(chunk) {
      const found: DamagedPart[] = [];
      let rest = chunk;
      for (let part = parts[index]; part && rest.byteLength > 0; part = parts[index]) {
        const piece = rest.subarray(0, part.bytes - filled);
        crc = crc32(piece, crc);
        filled += piece.byteLength;
        rest = rest.subarray(piece.byteLength);
        if (filled < part.bytes) break;
        const actual = hexOfCrc32(crc);
        if (actual !== part.crc32) found.push(damaged(part, actual));
        next(part);
      }
      return found;
    },
    end() {
      const found: DamagedPart[] = [];
      for (let part = parts[index]; part; part = parts[index]) {
        if (part.bytes > 0) found.push(damaged(part, undefined));
        next(part);
      }
      return found;
    },
  };
}

/** `part 3 (bytes 10485760–15728639)` */
export function describePart({
  number,
  first,
  last,
}: Pick<DamagedPart, 'number' | 'first' | 'last'>): string {
  return `part ${number} (bytes ${first}–${last})`;
}

/** What is wrong with a part of the object `key`, as an error. */
export function damagedPartError(key: string, part: DamagedPart): Zfs3BackupError {
  const { recorded, actual } = part;
  const what = actual === undefined ? 'is cut short' : `has the CRC-32 ${actual}, and ${recorded} was stored`;
  return new Zfs3BackupError('MISMATCH', `${key}: ${describePart(part)} ${what}`, {
    advice:
      'The object is damaged in the store: `zfs3backup verify --level 2` says what else is, and a new full backup does not need it.',
  });
}
