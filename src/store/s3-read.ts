import type { GetObjectCommandOutput, HeadObjectCommandOutput } from '@aws-sdk/client-s3';
import { StoreError } from '../errors.ts';
import { assertKey } from './keys.ts';
import type { CallOptions, GetIntoOptions, GetOptions, ObjectBody, ObjectInfo } from './object-store.ts';
import { wordsFor } from './operation-words.ts';
import { checksumOf } from './s3-checksum.ts';
import { asStoreError, callOf, noSuchBucketError } from './s3-errors.ts';
import type { IntoBuffer } from './s3-http.ts';
import { bare } from './s3-request.ts';
import { GetObjectCommand, HeadBucketCommand, HeadObjectCommand, ListObjectsV2Command } from './s3-sdk.ts';
import { sseCFields } from './s3-sse-c.ts';
import type { S3Context } from './s3-store.ts';
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

/** The same of a version that is not the newest. */
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
async function withKey<T>({ options }: S3Context, ask: (customerKey: object) => Promise<T>): Promise<T> {
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

export async function getObject(context: S3Context, key: string, call: GetOptions = {}): Promise<ObjectBody> {
  assertKey('get', key);
  const { range, ifMatch } = call;
  const answer = await withKey(context, (customerKey) => {
    const command = getCommand(context, key, customerKey, { range, ifMatch });
    return context.run('get', { key }, call, ({ client }, send) => client.send(command, send));
  });
  const bytes = answer.ContentLength ?? 0;
  const body = answer.Body as AsyncIterable<Uint8Array> | undefined;
  async function* read(): AsyncGenerator<Uint8Array> {
    try {
      if (body !== undefined) yield* body;
    } catch (error) {
      throw asStoreError(error, { ...callOf(context.options), operation: 'get', key }, call.signal);
    }
  }
  return { info: infoOf(context, key, answer, wholeBytes(answer) ?? bytes), bytes, chunks: read() };
}

export async function getObjectInto(
  context: S3Context,
  key: string,
  into: Uint8Array,
  { first, ifMatch, onBytes, ...call }: GetIntoOptions,
): Promise<{ info: ObjectInfo; bytes: number }> {
  assertKey('get', key);
  const range = { first, last: first + into.byteLength - 1 };
  let bytes = 0;
  const count = (filled: number) => {
    bytes = filled;
    onBytes?.(filled);
  };
  const answer = await withKey(context, (customerKey) => {
    const command = getCommand(context, key, customerKey, { range, ifMatch });
    return context.run('get', { key }, call, ({ client }, send) => {
      const options: typeof send & { into: IntoBuffer } = { ...send, into: { buffer: into, onBytes: count } };
      return client.send(command, options);
    });
  });
  const whole = wholeBytes(answer) ?? bytes;
  if (!isAbout(answer, range, bytes)) {
    const what = `the store did not answer for bytes ${range.first}-${range.last} (${answer.ContentRange ?? 'all of it'})`;
    throw new StoreError('MISMATCH', `cannot ${wordsFor('get')} ${key}: ${what}`, {
      ...{ operation: 'get', key, retryable: false },
    });
  }
  return { info: infoOf(context, key, answer, whole), bytes };
}

function getCommand(
  { options }: S3Context,
  key: string,
  customerKey: object,
  { range, ifMatch }: { readonly [Name in 'range' | 'ifMatch']: GetOptions[Name] | undefined },
): GetObjectCommand {
  return new GetObjectCommand({
    Bucket: options.bucket,
    Key: key,
    ...customerKey,
    ...(range === undefined ? {} : { Range: `bytes=${range.first}-${range.last}` }),
    ...(ifMatch === undefined ? {} : { IfMatch: `"${ifMatch}"` }),
  });
}

/** Whether what came is the range that was asked for, or all that the object has of it. */
function isAbout(
  { ContentRange, ContentLength }: GetObjectCommandOutput,
  { first, last }: { readonly first: number; readonly last: number },
  bytes: number,
): boolean {
  if (ContentRange === undefined) return first === 0 && ContentLength === bytes;
  const [, from, to, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(ContentRange)?.map(Number) ?? [];
  if (from !== first || to === undefined || total === undefined) return false;
  return to === Math.min(last, total - 1) && bytes === to - first + 1;
}

/** The object's size behind `Content-Range: bytes 0-9/100`. */
function wholeBytes({ ContentRange }: GetObjectCommandOutput): number | undefined {
  const total = /\/(\d+)$/.exec(ContentRange ?? '')?.[1];
  return total === undefined ? undefined : Number(total);
}

function infoOf(
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
