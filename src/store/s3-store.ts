import { assertKey, assertMetadata } from './keys.ts';
import type { CallOptions, ObjectStore } from './object-store.ts';
import { type ChecksumMode, type ObjectLock, type ProviderProfile, providerFor } from './providers.ts';
import { placeArguments, putArguments } from './s3-arguments.ts';
import { bodyChecksum, checksumMode, wantedDigests } from './s3-checksum.ts';
import { createS3Clients, type S3ClientOptions, type S3Clients } from './s3-client.ts';
import { createRenewal } from './s3-credentials.ts';
import { describeBucket } from './s3-describe.ts';
import { asStoreError, callOf, type S3Call } from './s3-errors.ts';
import { headFirstPart, headObject } from './s3-head.ts';
import { listObjects } from './s3-list.ts';
import { getObject, getObjectInto } from './s3-read.ts';
import { askedFor, attributesOf, bare, bodyHash, withBodyHash } from './s3-request.ts';
import { DeleteObjectCommand, PutObjectCommand } from './s3-sdk.ts';
import { settleObject } from './s3-settle.ts';
import { thawObject } from './s3-thaw.ts';
import { openUploads, startUpload } from './s3-upload.ts';
import { createVersions } from './s3-versions.ts';
import { minBilledDays } from './storage-classes.ts';
import { serverName } from './store-id.ts';

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
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly objectLock?: ObjectLock | undefined;
  /** The 32 bytes that the store encrypts with (SSE-C). */
  readonly sseCKey?: Uint8Array | undefined;
}

/** What every request of a store needs. */
export interface S3Context {
  readonly options: S3StoreOptions;
  readonly provider: ProviderProfile;
  /** The provider's, as it can be used in this bucket. */
  readonly checksum: ChecksumMode;
  /** Whether bodies go out encrypted, so that they need not be hashed for the signature. */
  readonly secure: boolean;
  /** Whether the bucket has answered a request well, so that it exists. */
  isBucketKnown(): boolean;
  /** Runs one request; errors come out as `StoreError`, an abort as the signal's reason. */
  run<T>(
    operation: string,
    facts: Pick<S3Call, 'key' | 'partNumber' | 'asked'>,
    call: CallOptions | undefined,
    request: (clients: S3Clients, options: { readonly abortSignal?: AbortSignal }) => Promise<T>,
  ): Promise<T>;
}

/** A bucket of S3 or of anything that speaks its protocol. No request is made before the first call. */
export function createS3Store(options: S3StoreOptions): ObjectStore {
  const context = createContext(options);
  const { bucket, prefix } = options;
  const storePrefix = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
  return {
    url: `s3://${bucket}`,
    server: serverName(options.endpoint),
    arguments: placeArguments(options),
    putArguments: putArguments(options),
    prefix: storePrefix,
    limits: context.provider.limits,
    requests: context.requests,
    wantedDigests: wantedDigests(context),
    canPutIfAbsent: context.provider.conditionalPut === true,
    list: (keyPrefix, call) => listObjects(context, keyPrefix, call),
    head: (key, call) => headObject(context, key, call),
    firstPartBytes: (key, call) => headFirstPart(context, key, call),
    get: (key, call) => getObject(context, key, call),
    getInto: (key, into, call) => getObjectInto(context, key, into, call),
    put: async (key, body, call = {}) => {
      assertKey('put', key);
      assertMetadata('put', key, call.metadata);
      return context.run('put', { key, asked: askedFor(context, call) }, call, async ({ client }, send) => {
        const input = { Bucket: bucket, Key: key, Body: body, ContentLength: body.byteLength };
        const command = new PutObjectCommand({
          ...input,
          ...bodyChecksum(context, body, call).fields,
          ...attributesOf(context, call),
          ...(call.ifAbsent && context.provider.conditionalPut !== false ? { IfNoneMatch: '*' } : {}),
        });
        command.middlewareStack.add(
          (next) => (args) => next(withBodyHash(args, bodyHash(context, call.sha256))),
          {
            step: 'build',
          },
        );
        return { etag: bare((await client.send(command, send)).ETag) };
      });
    },
    settle: (key, call) => settleObject(context, key, call),
    remove: async (key, call) => {
      assertKey('remove', key);
      const command = new DeleteObjectCommand({ Bucket: bucket, Key: key });
      await context.run('remove', { key }, call, ({ client }, send) => client.send(command, send));
    },
    thaw: (key, call) => thawObject(context, key, call),
    startUpload: (key, call) => startUpload(context, key, call),
    openUploads: (keyPrefix, call) => openUploads(context, keyPrefix, call),
    versions: createVersions(context),
    minBilledDays: (storageClass) => minBilledDays(context.provider, storageClass),
    describe: (call) => describeBucket(context, storePrefix, call),
    close: context.close,
  };
}

function createContext(options: S3StoreOptions): S3Context & { requests(): number; close(): void } {
  const provider = options.provider ?? providerFor(options.endpoint);
  const renewal = createRenewal();
  let clients: Promise<S3Clients> | undefined;
  let isBucketKnown = false;
  let requests = 0;
  return {
    options,
    provider,
    checksum: checksumMode(provider.checksum, {
      bucket: options.bucket,
      locked: options.objectLock !== undefined,
    }),
    isBucketKnown: () => isBucketKnown,
    requests: () => requests,
    secure: options.endpoint === undefined || options.endpoint.startsWith('https:'),
    run: async (operation, facts, call, request) => {
      const { signal } = call ?? {};
      signal?.throwIfAborted();
      const generation = renewal.generation();
      try {
        clients ??= createS3Clients(options, provider);
        requests += 1;
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
