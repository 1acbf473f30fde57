import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadBucketCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { StoreError } from '../errors.ts';
import { assertKey, assertMetadata } from './keys.ts';
import type { CallOptions, GetOptions, ObjectBody, ObjectInfo, ObjectStore } from './object-store.ts';
import { type ProviderProfile, providerFor } from './providers.ts';
import { placeArguments, putArguments } from './s3-arguments.ts';
import { createS3Clients, type S3ClientOptions, type S3Clients } from './s3-client.ts';
import { createRenewal } from './s3-credentials.ts';
import { asStoreError, noSuchBucketError, type S3Call } from './s3-errors.ts';
import { listObjects } from './s3-list.ts';
import { attributesOf, bare, bodyHash, contentMd5, withBodyHash } from './s3-request.ts';
import { openUploads, startUpload } from './s3-upload.ts';

export interface S3StoreOptions extends S3ClientOptions {
  readonly bucket: string;
  /** Under what backups live; ends in `/` (added if it does not). */
  readonly prefix: string;
  /** What the provider is like; by default told by the endpoint's host. */
  readonly provider?: ProviderProfile | undefined;
  /** For objects that do not ask for one themselves; not sent if not given. */
  readonly storageClass?: string | undefined;
  /** `AES256` or `aws:kms`. */
  readonly sse?: string | undefined;
  readonly sseKmsKeyId?: string | undefined;
  /** A canned ACL such as `bucket-owner-full-control`. */
  readonly acl?: string | undefined;
  /** Sends Content-MD5 with every body, which buckets with Object Lock demand. */
  readonly contentMd5?: boolean | undefined;
}

/** What every request of a store needs. */
export interface S3Context {
  readonly options: S3StoreOptions;
  readonly provider: ProviderProfile;
  /** Whether bodies go out encrypted, so that they need not be hashed for the signature. */
  readonly secure: boolean;
  /** Whether the bucket has answered a request well, so that it exists. */
  isBucketKnown(): boolean;
  /** Runs one request; errors come out as `StoreError`, an abort as the signal's reason. */
  run<T>(
    operation: string,
    facts: { readonly key: string; readonly partNumber?: number },
    call: CallOptions | undefined,
    request: (clients: S3Clients, options: { readonly abortSignal?: AbortSignal }) => Promise<T>,
  ): Promise<T>;
}

/** A bucket of S3 or of anything that speaks its protocol. No request is made before the first call. */
export function createS3Store(options: S3StoreOptions): ObjectStore {
  const context = createContext(options);
  const { bucket, prefix } = options;
  return {
    url: `s3://${bucket}`,
    arguments: placeArguments(options),
    putArguments: putArguments(options),
    prefix: prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`,
    limits: context.provider.limits,
    list: (keyPrefix, call) => listObjects(context, keyPrefix, call),
    head: (key, call) => headObject(context, key, call),
    get: (key, call) => getObject(context, key, call),
    put: async (key, body, call = {}) => {
      assertKey('put', key);
      assertMetadata('put', key, call.metadata);
      return context.run('put', { key }, call, async ({ client }, send) => {
        const input = { Bucket: bucket, Key: key, Body: body, ContentLength: body.byteLength };
        const command = new PutObjectCommand({
          ...input,
          ...contentMd5(context, body),
          ...attributesOf(context, call),
        });
        command.middlewareStack.add((next) => (args) => next(withBodyHash(args, bodyHash(context))), {
          step: 'build',
        });
        return { etag: bare((await client.send(command, send)).ETag) };
      });
    },
    remove: async (key, call) => {
      assertKey('remove', key);
      const command = new DeleteObjectCommand({ Bucket: bucket, Key: key });
      await context.run('remove', { key }, call, ({ client }, send) => client.send(command, send));
    },
    startUpload: (key, call) => startUpload(context, key, call),
    openUploads: (keyPrefix, call) => openUploads(context, keyPrefix, call),
    close: context.close,
  };
}

function createContext(options: S3StoreOptions): S3Context & { close(): void } {
  const provider = options.provider ?? providerFor(options.endpoint);
  const renewal = createRenewal();
  let clients: Promise<S3Clients> | undefined;
  let isBucketKnown = false;
  return {
    options,
    provider,
    isBucketKnown: () => isBucketKnown,
    secure: options.endpoint === undefined || options.endpoint.startsWith('https:'),
    run: async (operation, facts, call, request) => {
      const { signal } = call ?? {};
      signal?.throwIfAborted();
      const generation = renewal.generation();
      try {
        clients ??= createS3Clients(options, provider);
        const answer = await request(await clients, signal === undefined ? {} : { abortSignal: signal });
        isBucketKnown = true;
        return answer;
      } catch (error) {
        const client = (await clients?.catch(() => undefined))?.client;
        const renewed = client !== undefined && (await renewal.renewAfter(error, client, generation));
        throw asStoreError(error, { ...callOf(options), operation, ...facts, renewed }, signal);
      }
    },
    close: () => {
      clients?.then(({ destroy }) => destroy()).catch(() => {});
    },
  };
}

function callOf({ bucket, endpoint }: S3StoreOptions): Pick<S3Call, 'bucket' | 'endpoint'> {
  return { bucket, endpoint };
}

async function headObject(
  context: S3Context,
  key: string,
  call: CallOptions | undefined,
): Promise<ObjectInfo | undefined> {
  assertKey('head', key);
  const { bucket } = context.options;
  const command = new HeadObjectCommand({ Bucket: bucket, Key: key });
  const ask = async () => {
    const answer = await context.run('head', { key }, call, ({ client }, send) => client.send(command, send));
    return infoOf(context, key, answer, answer.ContentLength);
  };
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

async function getObject(context: S3Context, key: string, call: GetOptions = {}): Promise<ObjectBody> {
  assertKey('get', key);
  const { range, ifMatch } = call;
  const command = new GetObjectCommand({
    Bucket: context.options.bucket,
    Key: key,
    ...(range === undefined ? {} : { Range: `bytes=${range.first}-${range.last}` }),
    ...(ifMatch === undefined ? {} : { IfMatch: `"${ifMatch}"` }),
  });
  const answer = await context.run('get', { key }, call, ({ client }, send) => client.send(command, send));
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
  return {
    key,
    bytes,
    etag,
    modifiedAt: answer.LastModified ?? new Date(0),
    storageClass: answer.StorageClass,
    metadata: answer.Metadata ?? {},
    ...(md5 === undefined ? {} : { digest: { algorithm: 'md5', hex: md5 } }),
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
