import { createHash } from 'node:crypto';
import type { Digest, StoredPart } from '../store/object-store.ts';

/**
 * Whether a part's ETag is the digest of its bytes. S3's are MD5s, or look alike and are none where the store
 * encrypts (SSE-KMS, SSE-C): only trying one tells.
 */
export function isDigestOf(etag: string, body: Uint8Array): boolean {
  const algorithm = algorithmOf(etag);
  return algorithm !== undefined && digestOf(algorithm, body) === etag;
}

export function digestOf(algorithm: Digest['algorithm'], body: Uint8Array): string {
  return createHash(algorithm).update(body).digest('hex');
}

/**
 * The ETag of an object made of parts whose ETags are digests: the digest of the digests and their number, as S3
 * does it with MD5. `undefined` where the parts' ETags are something else.
 */
export function multipartEtag(parts: readonly StoredPart[]): string | undefined {
  const algorithm = parts[0] && algorithmOf(parts[0].etag);
  if (!algorithm || !parts.every(({ etag }) => algorithmOf(etag) === algorithm)) return undefined;
  const hash = createHash(algorithm);
  for (const { etag } of parts) hash.update(etag, 'hex');
  return `${hash.digest('hex')}-${parts.length}`;
}

/** ETags of one shape can be compared; of two shapes they are two ways to name the same thing. */
export function contradict(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && shapeOf(one) === shapeOf(other) && one !== other;
}

/** Which digest an ETag of a part or of an object stored by one request looks like. */
export function algorithmOf(etag: string): Digest['algorithm'] | undefined {
  if (/^[0-9a-f]{32}$/.test(etag)) return 'md5';
  return /^[0-9a-f]{64}$/.test(etag) ? 'sha256' : undefined;
}

/** Letters and digits do not count, nor does how many parts there were. */
function shapeOf(etag: string): string {
  return etag.replace(/-\d+$/, '-').replace(/[0-9a-f]/gi, 'x');
}
