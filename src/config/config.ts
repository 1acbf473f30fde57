import type { ExternalFilter } from '../filters/filter.ts';
import type { Encryption } from '../filters/registry.ts';
import type { RetentionRules } from '../lineage/retention.ts';
import type { ObjectLock, ProviderSettings } from '../store/providers.ts';
import type { ValueOf } from './parse-value.ts';

/** Where backups live. `prefix` ends in `/`, or is empty for the root. */
export type StoreLocation =
  | { readonly kind: 's3'; readonly bucket: string; readonly prefix: string }
  | { readonly kind: 'directory'; readonly path: string; readonly prefix: string };

/** Static keys; `JSON.stringify` leaves them out, so that a logged configuration holds no secret. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** All settings, resolved for one dataset (or for none). */
export interface Config {
  /** `undefined`: nobody named one (see `demandStore`). */
  readonly store: StoreLocation | undefined;
  readonly dataset: string | undefined;
  /** Empty for all snapshots. */
  readonly snapshotPrefix: string;
  readonly sendFlags: readonly string[];
  readonly raw: ValueOf<'RAW'>;
  readonly bookmarks: boolean;
  readonly holds: boolean;
  /** A known name; `none` for none. */
  readonly compressor: string;
  readonly compressors: readonly ExternalFilter[];
  /** What `prune` leaves; `undefined`: nobody said. */
  readonly keep: RetentionRules | undefined;
  /** A known name; `none` for none. */
  readonly encryptor: string;
  /** What encrypting and decrypting needs; keys are named, never held. */
  readonly encryption: Encryption;
  /** An http(s) URL; `undefined` for AWS. */
  readonly endpoint: string | undefined;
  /** What was said of the provider; the rest is told by its name or the endpoint's host. */
  readonly provider: ProviderSettings;
  readonly region: string | undefined;
  /** `undefined`: as the provider wants it. */
  readonly forcePathStyle: boolean | undefined;
  /** They go before `profile`; without either the SDK's default chain is meant. */
  readonly credentials: Credentials | undefined;
  readonly profile: string | undefined;
  /** `undefined`: not sent. */
  readonly storageClass: string | undefined;
  readonly sse: ValueOf<'S3_SSE'> | undefined;
  readonly sseKmsKeyId: string | undefined;
  readonly acl: ValueOf<'S3_ACL'> | undefined;
  /** The path; the key itself is read when the store is opened. */
  readonly sseCKeyFile: string | undefined;
  readonly tags: Readonly<Record<string, string>> | undefined;
  readonly objectLock: ObjectLock | undefined;
  /** Bytes; `undefined`: chosen from the estimate. */
  readonly chunkSize: number | undefined;
  /** Parts in flight; `undefined`: the engine's default. */
  readonly concurrency: number | undefined;
  /** For all part buffers together, in bytes. */
  readonly maxMemory: number;
  readonly maxRetries: number;
  /** Of all bodies, up and down; `undefined`: as fast as it goes. */
  readonly bytesPerSecond: number | undefined;
  readonly expect: ValueOf<'EXPECT'>;
  readonly inspect: ValueOf<'INSPECT'>;
  readonly progress: ValueOf<'PROGRESS'>;
  /** Seconds between two lines; `undefined`: as it suits their form. */
  readonly progressInterval: number | undefined;
  readonly logLevel: ValueOf<'LOG_LEVEL'>;
  readonly logFormat: ValueOf<'LOG_FORMAT'>;
  readonly quiet: boolean;
}
