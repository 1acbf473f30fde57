import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { ChecksumAlgorithm, ChecksumType } from '@aws-sdk/client-s3';
import { hexOfCrc32 } from '../stream/crc32.ts';
import type { BodyDigests, Checksum, StoredPart } from './object-store.ts';
import type { S3Context } from './s3-context.ts';
import { wholeChecksum } from './whole-checksum.ts';

/** What goes with a body, and what is to be remembered of it; a digest that is known is not computed again. */
export function bodyChecksum(
  { checksum: mode }: S3Context,
  body: Uint8Array,
  known: BodyDigests = {},
): {
  readonly fields: { ContentMD5?: string; ChecksumCRC32?: string; ChecksumSHA256?: string };
  readonly checksum: Checksum | undefined;
} {
  switch (mode) {
    case 'none':
      return { fields: {}, checksum: undefined };
    case 'md5':
      return { fields: { ContentMD5: base64(known.md5 ?? digest('md5', body)) }, checksum: undefined };
    case 'sha256-parts': {
      const hex = known.sha256 ?? digest('sha256', body);
      return { fields: { ChecksumSHA256: base64(hex) }, checksum: { algorithm: 'sha256', hex } };
    }
    default: {
      const hex = known.crc32 ?? hexOfCrc32(crc32(body));
      return { fields: { ChecksumCRC32: base64(hex) }, checksum: { algorithm: 'crc32', hex } };
    }
  }
}

/** What of each body goes into its request; the signature needs a digest where nothing else protects the body. */
export function wantedDigests({
  checksum: mode,
  secure,
  provider,
}: Pick<S3Context, 'checksum' | 'secure' | 'provider'>): readonly (keyof BodyDigests)[] {
  const isSigned = !(secure && provider.unsignedPayload);
  return [
    ...(isSigned || mode === 'sha256-parts' ? (['sha256'] as const) : []),
    ...(mode === 'md5' ? (['md5'] as const) : []),
    ...(mode === 'crc32' || mode === 'crc32-parts' ? (['crc32'] as const) : []),
  ];
}

/** For Create: what the parts will bring. */
export function uploadChecksum({ checksum: mode }: S3Context): {
  ChecksumAlgorithm?: ChecksumAlgorithm;
  ChecksumType?: ChecksumType;
} {
  if (mode === 'crc32') return { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' };
  if (mode === 'crc32-parts') return { ChecksumAlgorithm: 'CRC32' };
  return mode === 'sha256-parts' ? { ChecksumAlgorithm: 'SHA256' } : {};
}

/** For Complete: what the store shall compare the object with before it shows it. */
export function completeChecksum(
  { checksum: mode }: S3Context,
  parts: readonly StoredPart[],
): { ChecksumCRC32?: string; ChecksumType?: ChecksumType; MpuObjectSize?: number } {
  const whole = mode === 'crc32' ? wholeChecksum(parts) : undefined;
  if (whole === undefined) return {};
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  return { ChecksumCRC32: base64(whole.hex), ChecksumType: 'FULL_OBJECT', MpuObjectSize: bytes };
}

/** For one part in the list of Complete. */
export function partChecksum(
  { checksum: mode }: S3Context,
  { checksum }: StoredPart,
): { ChecksumCRC32?: string; ChecksumSHA256?: string } {
  if (checksum === undefined || !mode.endsWith('-parts')) return {};
  return checksum.algorithm === 'crc32'
    ? { ChecksumCRC32: base64(checksum.hex) }
    : { ChecksumSHA256: base64(checksum.hex) };
}

/** What a store tells of a body; of an object only where it is of the whole. */
export function checksumOf({
  ChecksumCRC32,
  ChecksumSHA256,
  ChecksumType,
}: {
  readonly ChecksumCRC32?: string | undefined;
  readonly ChecksumSHA256?: string | undefined;
  readonly ChecksumType?: ChecksumType | undefined;
}): { readonly checksum?: Checksum } {
  if (ChecksumType === 'COMPOSITE') return {};
  const crc = hexOf(ChecksumCRC32, 4);
  if (crc !== undefined) return { checksum: { algorithm: 'crc32', hex: crc } };
  const sha256 = hexOf(ChecksumSHA256, 32);
  return sha256 === undefined ? {} : { checksum: { algorithm: 'sha256', hex: sha256 } };
}

/** A composite checksum ends in `-n`, and is none of any bytes. */
function hexOf(text: string | undefined, bytes: number): string | undefined {
  if (text === undefined || text.includes('-')) return undefined;
  const decoded = Buffer.from(text, 'base64');
  return decoded.byteLength === bytes ? decoded.toString('hex') : undefined;
}

function digest(algorithm: 'md5' | 'sha256', body: Uint8Array): string {
  return createHash(algorithm).update(body).digest('hex');
}

function base64(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64');
}
