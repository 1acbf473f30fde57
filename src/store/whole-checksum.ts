import { combineCrc32, hexOfCrc32 } from '../stream/crc32.ts';
import type { Checksum, StoredPart } from './object-store.ts';

/** The CRC-32 of an object made of these parts in the order of their numbers; `undefined` where one is not known. */
export function wholeChecksum(parts: readonly StoredPart[]): Checksum | undefined {
  let crc = 0;
  for (const { checksum, bytes } of parts.toSorted((a, b) => a.partNumber - b.partNumber)) {
    if (checksum?.algorithm !== 'crc32') return undefined;
    crc = combineCrc32(crc, Number.parseInt(checksum.hex, 16), bytes);
  }
  return parts.length === 0 ? undefined : { algorithm: 'crc32', hex: hexOfCrc32(crc) };
}
