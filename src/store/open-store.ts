import { Zfs3BackupError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { createRateLimit } from '../stream/rate-limit.ts';
import { createDirectoryStore } from './directory-store.ts';
import { limited } from './limited-store.ts';
import type { ObjectStore } from './object-store.ts';
import { chooseProvider, type ObjectLock, type ProviderChoice } from './providers.ts';
import { createRetry } from './retry.ts';
import { type Retry, retrying } from './retrying-store.ts';
import type { S3Credentials, S3CredentialsProvider, S3Timeouts } from './s3-options.ts';
import { assertSecure, readSseCKey } from './s3-sse-c.ts';
import { parseEndpoint, parseStoreUrl } from './store-url.ts';

/** Where a store is. */
export type StoreLocation =
  | { readonly kind: 's3'; readonly bucket: string; readonly prefix?: string | undefined }
  | { readonly kind: 'directory'; readonly path: string; readonly prefix?: string | undefined };

/** How to reach and use it; all but `prefix`, `bytesPerSecond`, `retry` and `logger` only matter to an S3 store. */
export interface OpenStoreOptions {
  /** Under what backups live, where the location does not say; `zfs3backup-backup/` if not given. */
  readonly prefix?: string | undefined;
  /** A URL, or `aws`. */
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  /** A profile of the shared AWS files. */
  readonly profile?: string | undefined;
  /** By default what the SDK finds: environment, shared files, SSO, container, instance. */
  readonly credentials?: S3Credentials | S3CredentialsProvider | undefined;
  readonly timeouts?: S3Timeouts | undefined;
  /** Bucket in the path instead of the host name; by default true unless the endpoint is AWS. */
  readonly forcePathStyle?: boolean | undefined;
  /** Not sent if not given. */
  readonly storageClass?: string | undefined;
  /** `AES256` or `aws:kms`; not sent if not given. */
  readonly sse?: string | undefined;
  readonly sseKmsKeyId?: string | undefined;
  /** A canned ACL; not sent if not given. */
  readonly acl?: string | undefined;
  /** A file with the 32 bytes, raw or in base64, that the store encrypts with (SSE-C); needs https. */
  readonly sseCKeyFile?: string | undefined;
  /** Not sent if not given. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** Not sent if not given; the bucket must have been created with Object Lock. */
  readonly objectLock?: ObjectLock | undefined;
  /** The provider where the endpoint's host does not tell, or what to assume different from its profile. */
  readonly provider?: ProviderChoice | undefined;
  /** Of all bodies, up and down, together; as fast as it goes if not given. */
  readonly bytesPerSecond?: number | undefined;
  /** How requests are repeated; 10 attempts with growing pauses if not given. */
  readonly retry?: Retry | undefined;
  readonly logger?: Logger | undefined;
}

const DEFAULT_PREFIX = 'zfs3backup-backup/';

/**
 * Opens `s3://bucket/prefix` or `file:///path`. No request is made yet: a wrong bucket or key shows at the first
 * call. Throws USAGE for a location or endpoint that is none, CONFIG for a key file that holds no key.
 */
export async function openStore(
  location: string | StoreLocation,
  options: OpenStoreOptions = {},
): Promise<ObjectStore> {
  const place: StoreLocation = typeof location === 'string' ? parseStoreUrl(location) : location;
  const prefix = place.prefix ?? options.prefix ?? DEFAULT_PREFIX;
  const store =
    place.kind === 's3'
      ? await openS3(place.bucket, prefix, options)
      : openDirectory(place.path, prefix, options);
  const { bytesPerSecond, retry = createRetry({ logger: options.logger }) } = options;
  const told = bytesPerSecond === undefined ? [] : ['--bwlimit', String(bytesPerSecond)];
  return retrying({ ...store, arguments: [...store.arguments, ...told] }, retry);
}

function openDirectory(path: string, prefix: string, { bytesPerSecond }: OpenStoreOptions): ObjectStore {
  const store = createDirectoryStore({ path, prefix });
  return bytesPerSecond === undefined ? store : limited(store, createRateLimit(bytesPerSecond));
}

async function openS3(bucket: string, prefix: string, options: OpenStoreOptions): Promise<ObjectStore> {
  // Loading the SDK takes longer than all else that a short command does.
  const { createS3Store } = await import('./s3-store.ts');
  const endpoint = options.endpoint === undefined ? undefined : parseEndpoint(options.endpoint);
  const sseCKey =
    options.sseCKeyFile === undefined ? undefined : await openKey(options.sseCKeyFile, endpoint, options);
  return createS3Store({
    ...options,
    bucket,
    prefix,
    endpoint,
    sseCKey,
    limit: options.bytesPerSecond === undefined ? undefined : createRateLimit(options.bytesPerSecond),
    provider: chooseProvider(endpoint, options.provider),
  });
}

async function openKey(
  file: string,
  endpoint: string | undefined,
  { sse, logger }: OpenStoreOptions,
): Promise<Uint8Array> {
  if (sse !== undefined) {
    throw new Zfs3BackupError('USAGE', 'S3_SSE and S3_SSE_C_KEY_FILE exclude each other: keep one of them');
  }
  assertSecure(endpoint);
  return readSseCKey(file, logger);
}
