import type { S3ClientConfig } from '@aws-sdk/client-s3';
import type { RateLimit } from '../stream/rate-limit.ts';
import type { ProviderProfile } from './providers.ts';
import { watchAnswers } from './s3-answer-bodies.ts';
import { createS3Connections, createS3Http } from './s3-http.ts';

import type { S3Credentials, S3CredentialsProvider, S3Timeouts } from './s3-options.ts';
import { S3Client } from './s3-sdk.ts';

export interface S3ClientOptions {
  /** A URL; `undefined` for AWS's own. */
  readonly endpoint?: string | undefined;
  /** `undefined`: what the SDK finds, else the provider's. */
  readonly region?: string | undefined;
  /** A profile of the shared AWS files. */
  readonly profile?: string | undefined;
  /** `undefined`: the SDK's chain (environment, shared files, SSO, container, instance). */
  readonly credentials?: S3Credentials | S3CredentialsProvider | undefined;
  readonly timeouts?: S3Timeouts | undefined;
  /** Bucket in the path; `undefined`: as the provider wants it. */
  readonly forcePathStyle?: boolean | undefined;
  /** For all bodies, sent and received, together; none if not given. */
  readonly limit?: RateLimit | undefined;
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
const IDLE_MS = 120_000;
const PATIENT_IDLE_MS = 15 * 60_000;
/** The SDK warns on the console otherwise. */
const SILENT = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

/** The SDK's clients; one attempt per request, because retrying is `retrying-store.ts`. */
export async function createS3Clients(
  options: S3ClientOptions,
  provider: ProviderProfile,
): Promise<S3Clients> {
  const connections = createS3Connections(MAX_SOCKETS);
  const config: S3ClientConfig = {
    maxAttempts: 1,
    expectContinueHeader: false,
    // Several providers refuse what the SDK would add by itself; `s3-checksum.ts` sends what the profile says.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    forcePathStyle: options.forcePathStyle ?? provider.pathStyle,
    logger: SILENT,
    ...(options.endpoint === undefined ? { followRegionRedirects: true } : { endpoint: options.endpoint }),
    // An endpoint that the SDK found by itself would not have the provider's profile that all else goes by.
    ignoreConfiguredEndpointUrls: true,
    ...(options.profile === undefined ? {} : { profile: options.profile }),
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
  };
  const {
    connectMs = CONNECT_MS,
    idleMs = IDLE_MS,
    completeIdleMs = PATIENT_IDLE_MS,
  } = options.timeouts ?? {};
  const withIdle = (idle: number): S3ClientConfig => ({
    ...config,
    requestHandler: createS3Http(connections, { connectMs, idleMs: idle, limit: options.limit }),
  });
  const region = await findRegion(withIdle(idleMs), options, provider);
  const client = new S3Client({ ...withIdle(idleMs), region });
  const patient = new S3Client({
    ...withIdle(completeIdleMs),
    region,
    credentials: client.config.credentials,
  });
  for (const each of [client, patient]) watchAnswers(each);
  return {
    client,
    patient,
    destroy: () => {
      client.destroy();
      patient.destroy();
      connections.destroy();
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
