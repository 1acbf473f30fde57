import type { LifecycleRule as S3Rule } from '@aws-sdk/client-s3';
import { StoreError } from '../errors.ts';
import type { CallOptions } from './object-store.ts';
import type { S3Context } from './s3-context.ts';
import { GetBucketLifecycleConfigurationCommand, GetObjectLockConfigurationCommand } from './s3-sdk.ts';
import { readVersioning } from './s3-versions.ts';
import type { LifecycleRule, StoreFacts } from './store-facts.ts';

type Rules = Pick<StoreFacts, 'versioning' | 'lifecycle' | 'objectLock'>;

/** What the bucket does by itself; whatever cannot be read is `undefined`. */
export async function readBucketRules(context: S3Context, call: CallOptions): Promise<Rules> {
  const input = { Bucket: context.options.bucket };
  const ask = <T>(request: Parameters<typeof context.run<T>>[3]) =>
    context.run<T>('list', { key: '' }, call, request);
  const [versioning, lifecycle, objectLock] = await Promise.all([
    orAbsent(call, undefined, () => readVersioning(context, call)),
    orAbsent<readonly LifecycleRule[]>(call, [], async () => {
      const { Rules = [] } = await ask(({ client }, send) =>
        client.send(new GetBucketLifecycleConfigurationCommand(input), send),
      );
      return Rules.filter(({ Status }) => Status === 'Enabled').map(readRule);
    }),
    orAbsent<StoreFacts['objectLock']>(call, 'off', async () => {
      const { ObjectLockConfiguration: lock } = await ask(({ client }, send) =>
        client.send(new GetObjectLockConfigurationCommand(input), send),
      );
      const { Mode, Days, Years } = lock?.Rule?.DefaultRetention ?? {};
      if (lock?.ObjectLockEnabled !== 'Enabled') return 'off';
      return { mode: Mode, days: Days ?? (Years === undefined ? undefined : Years * 365) };
    }),
  ]);
  return { versioning, lifecycle, objectLock };
}

/** `absent` where the store says that there is none; `undefined` where it does not say. */
async function orAbsent<T>(
  { signal }: CallOptions,
  absent: T | undefined,
  read: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (signal?.aborted || !(error instanceof StoreError)) throw error;
    const isAbsent = /^(NoSuchLifecycleConfiguration|ObjectLockConfigurationNotFoundError)$/;
    return isAbsent.test(error.storeCode ?? '') ? absent : undefined;
  }
}

function readRule({
  Filter,
  Prefix,
  Expiration,
  Transitions,
  AbortIncompleteMultipartUpload,
}: S3Rule): LifecycleRule {
  const { And } = Filter ?? {};
  const conditions = { ...Filter, ...And };
  const [move] = Transitions ?? [];
  const expires = Expiration?.Days ?? (Expiration?.Date === undefined ? undefined : 0);
  return {
    prefix: Filter?.Prefix ?? And?.Prefix ?? Prefix ?? '',
    partial: [
      conditions.Tag,
      And?.Tags?.length ? And.Tags : undefined,
      conditions.ObjectSizeGreaterThan,
      conditions.ObjectSizeLessThan,
    ].some((condition) => condition !== undefined),
    expiresAfterDays: expires,
    dropsUploadsAfterDays: AbortIncompleteMultipartUpload?.DaysAfterInitiation,
    movesTo: move?.StorageClass && { storageClass: move.StorageClass, days: move.Days ?? 0 },
  };
}
