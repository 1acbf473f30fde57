import { providerFor } from './providers.ts';
import type { S3StoreOptions } from './s3-context.ts';

/** Where the bucket is, as the flags of our own programs; credentials have none. */
export function placeArguments(options: S3StoreOptions): readonly string[] {
  const { bucket, endpoint, region, profile, forcePathStyle, provider } = options;
  // said only where it is not what the endpoint brings along
  const isUnusual = forcePathStyle !== undefined && forcePathStyle !== (endpoint !== undefined);
  return [
    '--store',
    `s3://${bucket}`,
    ...flag('endpoint', endpoint),
    ...(provider && provider.name !== providerFor(endpoint).name ? ['--provider', provider.name] : []),
    ...flag('region', region),
    ...flag('aws-profile', profile),
    ...(isUnusual ? [`--force-path-style=${forcePathStyle}`] : []),
  ];
}

/** How its objects are stored, as the flags of `pput`. */
export function putArguments({ sse, sseKmsKeyId, acl }: S3StoreOptions): readonly string[] {
  return [...flag('sse', sse), ...flag('sse-kms-key-id', sseKmsKeyId), ...flag('acl', acl)];
}

function flag(name: string, value: string | undefined): readonly string[] {
  return value === undefined ? [] : [`--${name}`, value];
}
