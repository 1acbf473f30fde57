import type { RecordedPart } from '../lineage/record.ts';
import { combineCrc32, hexOfCrc32 } from '../stream/crc32.ts';
import type { Part } from '../stream/parts.ts';
import { algorithmOf } from './etag.ts';

/** What is recorded of a part; to be awaited before it is released. `undefined` where nobody took its CRC-32. */
export async function digestPart({
  number,
  bytes,
  digests,
}: Omit<Part, 'release'>): Promise<RecordedPart | undefined> {
  const taken = (await digests) ?? {};
  const { crc32 } = taken;
  return crc32 === undefined ? undefined : { number, bytes: bytes.byteLength, ...taken, crc32 };
}

/** Adds the digest that an ETag is; only for ETags that are known to be digests. */
export function withEtag(part: RecordedPart, etag: string): RecordedPart {
  const algorithm = algorithmOf(etag);
  return algorithm ? { ...part, [algorithm]: part[algorithm] ?? etag } : part;
}

/** The CRC-32 of all parts in their order, in hex; `undefined` where there are none. */
export function wholeCrc32(parts: readonly RecordedPart[]): string | undefined {
  if (parts.length === 0) return undefined;
  return hexOfCrc32(
    parts.reduce((crc, part) => combineCrc32(crc, Number.parseInt(part.crc32, 16), part.bytes), 0),
  );
}
