import { Zfs3BackupError } from '../errors.ts';
import type { CallOptions } from './object-store.ts';
import type { S3ClientOptions } from './s3-client.ts';
import type { S3Context } from './s3-context.ts';
import type { Refusal, StoreFacts } from './store-facts.ts';

/** What the SDK marks credentials with, by the way it found them. */
const ORIGINS: ReadonlyArray<readonly [string, string]> = [
  ['CREDENTIALS_ENV_VARS', 'AWS_ACCESS_KEY_ID in the environment'],
  ['CREDENTIALS_SSO', 'a login by `aws sso login`'],
  ['CREDENTIALS_PROCESS', 'the credential_process of the AWS files'],
  ['CREDENTIALS_PROFILE_PROCESS', 'the credential_process of the AWS files'],
  ['CREDENTIALS_STS_ASSUME_ROLE_WEB_ID', 'a role taken on by a web identity'],
  ['CREDENTIALS_STS_ASSUME_ROLE', 'a role taken on'],
  ['CREDENTIALS_IMDS', 'the role of this instance'],
  ['CREDENTIALS_HTTP', 'the container that this runs in'],
  ['CREDENTIALS_PROFILE', 'the AWS files'],
];

/** Whose keys requests are signed with: public names only. */
export async function findCredentials(
  { options, run }: S3Context,
  call: CallOptions,
): Promise<NonNullable<StoreFacts['credentials']> | Refusal> {
  try {
    return await run('list', { key: '' }, call, async ({ client }) => {
      const found = await client.config.credentials();
      const { accessKeyId, expiration } = found;
      return { accessKeyId, from: originOf(options, found), expiresAt: expiration };
    });
  } catch (error) {
    if (call.signal?.aborted || !(error instanceof Zfs3BackupError)) throw error;
    return error;
  }
}

function originOf({ credentials, profile }: S3ClientOptions, found: object): string {
  if (typeof credentials === 'function') return 'a provider of the caller';
  if (credentials !== undefined) return 'S3_KEY_ID';
  const { $source = {} } = found as { readonly $source?: object };
  const marks = Object.keys($source);
  const words =
    ORIGINS.find(([mark]) => marks.some((each) => each.startsWith(mark)))?.[1] ?? 'what the AWS SDK found';
  return profile === undefined ? words : `${words}, profile ${profile}`;
}
