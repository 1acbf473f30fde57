import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import type { ProviderProfile } from './providers.ts';

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface S3ClientOptions {
  /** A URL; `undefined` for AWS's own. */
  readonly endpoint?: string | undefined;
  /** `undefined`: what the SDK finds, else the provider's. */
  readonly region?: string | undefined;
  /** A profile of the shared AWS files. */
  readonly profile?: string | undefined;
  /** `undefined`: the SDK's chain (environment, shared files, SSO, container, instance). */
  readonly credentials?: S3Credentials | undefined;
  /** Bucket in the path; `undefined`: as the provider wants it. */
  readonly forcePathStyle?: boolean | undefined;
}

export interface S3Clients {
  readonly client: S3Client;
  /** For Complete, whose answer may take minutes. */
  readonly patient: S3Client;
  destroy(): void;
}

/** More than anyone has parts in flight: a part never waits for a socket. */
const MAX_SOCKETS = 256;
const CONNECT_MS = 15_000;
/** Without a byte in either direction for this long, a connection counts as broken. */
const IDLE_MS = 120_000;
const PATIENT_IDLE_MS = 15 * 60_000;
/** The SDK's handler warns on the console otherwise. */
const SILENT = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

/** The SDK's clients; one attempt per request, because retrying is `retrying-store.ts`. */
export async function createS3Clients(
  options: S3ClientOptions,
  provider: ProviderProfile,
): Promise<S3Clients> {
  const agents = {
    httpAgent: new HttpAgent({ keepAlive: true, maxSockets: MAX_SOCKETS }),
    httpsAgent: new HttpsAgent({ keepAlive: true, maxSockets: MAX_SOCKETS }),
  };
  const config: S3ClientConfig = {
    maxAttempts: 1,
    expectContinueHeader: false,
    requestChecksumCalculation: provider.checksums,
    responseChecksumValidation: provider.checksums,
    forcePathStyle: options.forcePathStyle ?? provider.pathStyle,
    logger: SILENT,
    ...(options.endpoint === undefined ? { followRegionRedirects: true } : { endpoint: options.endpoint }),
    ...(options.profile === undefined ? {} : { profile: options.profile }),
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
  };
  const withIdle = (socketTimeout: number): S3ClientConfig => ({
    ...config,
    requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout, logger: SILENT, ...agents },
  });
  const region = await findRegion(withIdle(IDLE_MS), options, provider);
  const client = new S3Client({ ...withIdle(IDLE_MS), region });
  const patient = new S3Client({
    ...withIdle(PATIENT_IDLE_MS),
    region,
    credentials: client.config.credentials,
  });
  return {
    client,
    patient,
    destroy: () => {
      client.destroy();
      patient.destroy();
    },
  };
}

/**
 * A custom endpoint is signed for with the provider's region, whatever stands in the user's AWS files. On AWS the
 * SDK looks; where it finds nothing us-east-1 is asked, which names the bucket's own region.
 */
async function findRegion(
  config: S3ClientConfig,
  options: S3ClientOptions,
  provider: ProviderProfile,
): Promise<string> {
  if (options.region !== undefined) return options.region;
  if (options.endpoint !== undefined) return provider.region;
  const probe = new S3Client(config);
  try {
    return await probe.config.region();
  } catch {
    return provider.region;
  }
}
