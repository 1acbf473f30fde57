import { fileURLToPath } from 'node:url';
import { Zfs3BackupError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { createRetry } from '../transfer/retry.ts';
import { createDirectoryStore } from './directory-store.ts';
import type { ObjectStore } from './object-store.ts';
import { chooseProvider, type ProviderChoice } from './providers.ts';
import { type Retry, retrying } from './retrying-store.ts';
import type { S3Credentials, S3CredentialsProvider, S3Timeouts } from './s3-client.ts';

/** Where a store is. */
export type StoreLocation =
  | { readonly kind: 's3'; readonly bucket: string; readonly prefix?: string | undefined }
  | { readonly kind: 'directory'; readonly path: string; readonly prefix?: string | undefined };

/** How to reach and use it; all but `prefix`, `retry` and `logger` only matter to an S3 store. */
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
  /** Sends Content-MD5 with every body, which buckets with Object Lock demand. */
  readonly contentMd5?: boolean | undefined;
  /** The provider where the endpoint's host does not tell, or what to assume different from its profile. */
  readonly provider?: ProviderChoice | undefined;
  /** How requests are repeated; 10 attempts with growing pauses if not given. */
  readonly retry?: Retry | undefined;
  readonly logger?: Logger | undefined;
}

const DEFAULT_PREFIX = 'zfs3backup-backup/';

/**
 * Opens `s3://bucket/prefix` or `file:///path`. No request is made yet: a wrong bucket or key shows at the first
 * call. Throws USAGE for a location or endpoint that is none.
 */
export async function openStore(
  location: string | StoreLocation,
  options: OpenStoreOptions = {},
): Promise<ObjectStore> {
  const place = typeof location === 'string' ? parseLocation(location) : location;
  const prefix = place.prefix ?? options.prefix ?? DEFAULT_PREFIX;
  const store =
    place.kind === 's3' ? await openS3(place.bucket, prefix, options) : openDirectory(place.path, prefix);
  return retrying(store, options.retry ?? createRetry({ logger: options.logger }));
}

function openDirectory(path: string, prefix: string): ObjectStore {
  return createDirectoryStore({ path, prefix });
}

async function openS3(bucket: string, prefix: string, options: OpenStoreOptions): Promise<ObjectStore> {
  // Loading the SDK takes longer than all else that a short command does.
  const { createS3Store } = await import('./s3-store.ts');
  const endpoint = options.endpoint === 'aws' ? undefined : options.endpoint;
  if (endpoint !== undefined && !/^https?:\/\/[^/]/.test(endpoint)) {
    throw usage(`the endpoint \`${endpoint}\` is not a URL: write https://host or http://host:port`);
  }
  return createS3Store({
    ...options,
    bucket,
    prefix,
    endpoint,
    provider: chooseProvider(endpoint, options.provider),
  });
}

function parseLocation(text: string): StoreLocation {
  const s3 = /^s3:\/\/([^/\s@]+)(?:\/(.*))?$/.exec(text);
  if (s3 !== null) {
    const [, bucket = '', prefix = ''] = s3;
    return { kind: 's3', bucket, prefix: prefix === '' ? undefined : prefix };
  }
  if (text.startsWith('file:///')) return { kind: 'directory', path: fileURLToPath(text) };
  throw usage(`\`${text}\` is not a store: write s3://bucket/prefix or file:///path`);
}

function usage(message: string): Zfs3BackupError {
  return new Zfs3BackupError('USAGE', message);
}
