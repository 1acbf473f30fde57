import type { CallOptions } from './object-store.ts';
import {
  type ChecksumMode,
  checksumMode,
  type ObjectLock,
  type ProviderProfile,
  providerFor,
} from './providers.ts';
import { createS3Clients, type S3ClientOptions, type S3Clients } from './s3-client.ts';
import { createRenewal } from './s3-credentials.ts';
import { asStoreError, callOf, type S3Call } from './s3-errors.ts';
import type { SendOptions } from './s3-http.ts';

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

/** Makes its clients at the first request. */
export function createS3Context(options: S3StoreOptions): S3Context & { requests(): number; close(): void } {
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
      let answered: number | undefined;
      const onAnswer = (status: number) => {
        answered = status;
      };
      try {
        clients ??= createS3Clients(options, provider);
        requests += 1;
        const send: SendOptions = { onAnswer, ...(signal && { abortSignal: signal }) };
        const answer = await request(await clients, send);
        isBucketKnown = true;
        return answer;
      } catch (error) {
        const client = (await clients?.catch(() => undefined))?.client;
        const renewed = client !== undefined && (await renewal.renewAfter(error, client, generation));
        throw asStoreError(error, { ...callOf(options), operation, ...facts, renewed, answered }, signal);
      }
    },
    close: () => {
      clients?.then(({ destroy }) => destroy()).catch(() => {});
    },
  };
}
