import type { ObjectCannedACL, ServerSideEncryption, StorageClass } from '@aws-sdk/client-s3';
import type { ObjectAttributes } from './object-store.ts';
import type { ObjectLock } from './providers.ts';
import type { S3Context } from './s3-context.ts';
import { sseCFields } from './s3-sse-c.ts';

const HASH_HEADER = 'x-amz-content-sha256';

/** What Create and Put share. Nothing is sent that was not asked for: some gateways refuse what they do not know. */
export function attributesOf({ options }: S3Context, attributes: ObjectAttributes) {
  const { metadata } = attributes;
  const wantedClass = classOf(options, attributes);
  return {
    ...(metadata === undefined ? {} : { Metadata: { ...metadata } }),
    ...(wantedClass === undefined ? {} : { StorageClass: wantedClass as StorageClass }),
    ...(options.sse === undefined ? {} : { ServerSideEncryption: options.sse as ServerSideEncryption }),
    ...(options.sseKmsKeyId === undefined ? {} : { SSEKMSKeyId: options.sseKmsKeyId }),
    ...(options.acl === undefined ? {} : { ACL: options.acl as ObjectCannedACL }),
    ...(options.tags === undefined ? {} : { Tagging: tagHeader(options.tags) }),
    ...lockFields(options.objectLock),
    ...sseCFields(options.sseCKey),
  };
}

function classOf(
  options: S3Context['options'],
  { storageClass, beside = false }: ObjectAttributes,
): string | undefined {
  return storageClass ?? (beside ? undefined : options.storageClass);
}

/** The settings that a refusal of Create or Put may be about, without what is secret. */
export function askedFor({ options }: S3Context, attributes: ObjectAttributes): readonly string[] {
  const wantedClass = classOf(options, attributes);
  return [
    ...(wantedClass === undefined ? [] : [`S3_STORAGE_CLASS=${wantedClass}`]),
    ...(options.sse === undefined ? [] : [`S3_SSE=${options.sse}`]),
    ...(options.sseKmsKeyId === undefined ? [] : ['S3_SSE_KMS_KEY_ID']),
    ...(options.sseCKey === undefined ? [] : ['S3_SSE_C_KEY_FILE']),
    ...(options.acl === undefined ? [] : [`S3_ACL=${options.acl}`]),
    ...(options.tags === undefined ? [] : ['S3_TAGS']),
    ...(options.objectLock === undefined ? [] : [`S3_OBJECT_LOCK_MODE=${options.objectLock.mode}`]),
  ];
}

function tagHeader(tags: Readonly<Record<string, string>>): string {
  return Object.entries(tags)
    .map((pair) => pair.map(encodeURIComponent).join('='))
    .join('&');
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Until when an object is locked that is created now. */
export function retainUntil({ days }: ObjectLock): Date {
  return new Date(Date.now() + days * DAY_MS);
}

function lockFields(lock: ObjectLock | undefined) {
  return lock === undefined
    ? {}
    : { ObjectLockMode: lock.mode, ObjectLockRetainUntilDate: retainUntil(lock) };
}

/**
 * What the signer shall take for the body's hash: one that is known, or none at all where the transport protects
 * the body. Otherwise (`undefined`) the signer hashes it.
 */
export function bodyHash({ secure, provider }: S3Context, sha256?: string): string | undefined {
  return sha256 ?? (secure && provider.unsignedPayload ? 'UNSIGNED-PAYLOAD' : undefined);
}

/** For a middleware of the build step: the signer takes this header's value instead of hashing the body. */
export function withBodyHash<T extends { readonly request: unknown }>(args: T, hash: string | undefined): T {
  const request = args.request as { headers: Record<string, string> };
  if (hash !== undefined) request.headers[HASH_HEADER] = hash;
  return args;
}

/** An ETag without its quotes; Ceph answers Complete with an empty one. */
export function bare(etag: string | undefined): string | undefined {
  return etag?.replaceAll('"', '') || undefined;
}

/** Keys of listings come URL-encoded, because XML cannot hold every character of a key. */
export function decodeKey(text: string, encoding: string | undefined): string {
  return encoding === 'url' ? decodeURIComponent(text.replaceAll('+', ' ')) : text;
}
