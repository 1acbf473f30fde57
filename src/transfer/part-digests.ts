import { crc32 } from 'node:zlib';
import type { RecordedPart } from '../lineage/record.ts';
import { combineCrc32, hexOfCrc32 } from '../store/crc32.ts';
import type { Part } from '../stream/parts.ts';

/** What is recorded of a part; to be awaited before it is released. What nobody took beside is taken here. */
export async function digestPart({ number, bytes, digests }: Omit<Part, 'release'>): Promise<RecordedPart> {
  const taken = (await digests) ?? {};
  return {
    ...{ number, bytes: bytes.byteLength },
    ...taken,
    crc32: taken.crc32 ?? hexOfCrc32(crc32(bytes)),
  };
}

/** Adds the digest that an ETag is; only for ETags that are known to be digests. */
export function withEtag(part: RecordedPart, etag: string): RecordedPart {
  if (/^[0-9a-f]{32}$/.test(etag)) return { ...part, md5: part.md5 ?? etag };
  return /^[0-9a-f]{64}$/.test(etag) ? { ...part, sha256: part.sha256 ?? etag } : part;
}

/** The CRC-32 of all parts in their order, in hex. */
export function wholeCrc32(parts: readonly RecordedPart[]): string {
  return hexOfCrc32(
    parts.reduce((crc, part) => combineCrc32(crc, Number.parseInt(part.crc32, 16), part.bytes), 0),
  );
}
