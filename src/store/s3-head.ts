import type { GetObjectCommandOutput, HeadObjectCommandOutput } from '@aws-sdk/client-s3';
import { StoreError } from '../errors.ts';
import { assertKey } from './keys.ts';
import type { CallOptions, ObjectInfo } from './object-store.ts';
import { checksumOf } from './s3-checksum.ts';
import type { S3Context } from './s3-context.ts';
import { callOf, noSuchBucketError } from './s3-errors.ts';
import { bare } from './s3-request.ts';
import { HeadBucketCommand, HeadObjectCommand, ListObjectsV2Command } from './s3-sdk.ts';
import { sseCFields } from './s3-sse-c.ts';
import { parseThaw } from './s3-thaw.ts';

export async function headObject(
  context: S3Context,
  key: string,
  call: CallOptions | undefined,
): Promise<ObjectInfo | undefined> {
  assertKey('head', key);
  const ask = () =>
    withKey(context, async (customerKey) => {
      const answer = await sendHead(context, key, call, customerKey);
      return { ...infoOf(context, key, answer, answer.ContentLength), ...checksumOf(answer) };
    });
  try {
    return await ask().catch(async (error: unknown) => {
      if (!(error instanceof StoreError) || (error.status !== 400 && error.status !== 403)) throw error;
      await askForReason(context, key, error, call);
      return ask();
    });
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'NO_SUCH_KEY') throw error;
    if (!context.isBucketKnown()) await assertBucket(context, key, call);
    return undefined;
  }
}

/** Asks for the checksum only where one is sent, because it may need a permission of its own (kms:Decrypt). */
export function sendHead(
  context: S3Context,
  key: string,
  call: CallOptions | undefined,
  customerKey: object = sseCFields(context.options.sseCKey),
  version: { readonly VersionId?: string; readonly PartNumber?: number } = {},
): Promise<HeadObjectCommandOutput> {
  const command = new HeadObjectCommand({
    Bucket: context.options.bucket,
    Key: key,
    ...version,
    ...customerKey,
    ...(['none', 'md5'].includes(context.checksum) ? {} : { ChecksumMode: 'ENABLED' as const }),
  });
  return context.run('head', { key }, call, ({ client }, send) => client.send(command, send));
}

/** A gateway that does not know parts answers for the whole object, or refuses. */
export async function headFirstPart(
  context: S3Context,
  key: string,
  call: CallOptions | undefined,
): Promise<number | undefined> {
  try {
    return await withKey(context, async (customerKey) => {
      const { ContentLength, PartsCount } = await sendHead(context, key, call, customerKey, {
        PartNumber: 1,
      });
      return PartsCount === undefined ? undefined : ContentLength;
    });
  } catch (error) {
    if (error instanceof StoreError) return undefined;
    throw error;
  }
}

/** What is known of a version that is not the newest. */
export async function headVersion(
  context: S3Context,
  key: string,
  VersionId: string,
  call: CallOptions | undefined,
): Promise<ObjectInfo | undefined> {
  try {
    return await withKey(context, async (customerKey) => {
      const answer = await sendHead(context, key, call, customerKey, { VersionId });
      return infoOf(context, key, answer, answer.ContentLength);
    });
  } catch (error) {
    if (error instanceof StoreError && error.code === 'NO_SUCH_KEY') return undefined;
    throw error;
  }
}

/** AWS refuses the user's key for an object that was stored without it, before there was one perhaps. */
export async function withKey<T>(
  { options }: S3Context,
  ask: (customerKey: object) => Promise<T>,
): Promise<T> {
  try {
    return await ask(sseCFields(options.sseCKey));
  } catch (error) {
    const mayNotNeedIt = error instanceof StoreError && error.status === 400;
    if (options.sseCKey === undefined || !mayNotNeedIt) throw error;
    return await ask({}).catch((second: unknown) => {
      // What the store says of a request without the key would only mislead.
      throw second instanceof StoreError && second.status === 400 ? error : second;
    });
  }
}

/**
 * A HEAD that was refused has no body, and so does not tell a wrong secret from a missing permission: a listing of
 * one key does. Where that is answered well, the refusal may have been about the clock, which the SDK has now set.
 */
async function askForReason(
  context: S3Context,
  key: string,
  refusal: StoreError,
  call: CallOptions | undefined,
): Promise<void> {
  const command = new ListObjectsV2Command({ Bucket: context.options.bucket, Prefix: key, MaxKeys: 1 });
  try {
    await context.run('head', { key }, call, ({ client }, send) => client.send(command, send));
  } catch (error) {
    if (error instanceof StoreError && error.status === undefined) throw refusal;
    throw error;
  }
}

/** HEAD's 404 has no body: only the bucket itself can tell what is missing. */
async function assertBucket(context: S3Context, key: string, call: CallOptions | undefined): Promise<void> {
  const command = new HeadBucketCommand({ Bucket: context.options.bucket });
  try {
    await context.run('head', { key }, call, ({ client }, send) => client.send(command, send));
  } catch (error) {
    if (!(error instanceof StoreError) || error.status !== 404) {
      // A policy may allow objects and not the bucket; then it exists.
      if (error instanceof StoreError && error.status === 403) return;
      throw error;
    }
    throw noSuchBucketError({ ...callOf(context.options), operation: 'head', key });
  }
}

/** What the headers of an answer tell of an object. */
export function infoOf(
  context: S3Context,
  key: string,
  answer: HeadObjectCommandOutput | GetObjectCommandOutput,
  bytes = 0,
): ObjectInfo {
  const etag = bare(answer.ETag);
  const md5 = isMd5(context, etag, answer) ? etag : undefined;
  const thaw = parseThaw(answer.Restore);
  return {
    key,
    bytes,
    etag,
    modifiedAt: answer.LastModified ?? new Date(0),
    storageClass: answer.StorageClass,
    metadata: answer.Metadata ?? {},
    ...(md5 === undefined ? {} : { digest: { algorithm: 'md5', hex: md5 } }),
    ...(thaw ? { thaw } : {}),
  };
}

function isMd5(
  { provider, options }: S3Context,
  etag: string | undefined,
  answer: HeadObjectCommandOutput | GetObjectCommandOutput,
): boolean {
  if (!provider.md5Etags || etag === undefined || !/^[0-9a-f]{32}$/.test(etag)) return false;
  // S3 Express makes up its ETags; so does whoever encrypts with a key of the user's.
  if (options.bucket.endsWith('--x-s3') || answer.SSECustomerAlgorithm !== undefined) return false;
  return answer.ServerSideEncryption === undefined || answer.ServerSideEncryption === 'AES256';
}
