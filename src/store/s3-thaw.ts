import { StoreError } from '../errors.ts';
import { assertKey } from './keys.ts';
import type { Thaw, ThawOptions } from './object-store.ts';
import type { S3Context } from './s3-context.ts';
import { RestoreObjectCommand } from './s3-sdk.ts';

/** Asks for an archived object. What was asked for already, and what is back, is told and is no error. */
export async function thawObject(
  context: S3Context,
  key: string,
  { days, tier, storageClass, ...call }: ThawOptions,
): Promise<'requested' | 'in progress' | 'readable'> {
  assertKey('thaw', key);
  const command = new RestoreObjectCommand({
    Bucket: context.options.bucket,
    Key: key,
    RestoreRequest: {
      // what AWS archives by itself comes back for good, and takes no days
      ...(storageClass === 'INTELLIGENT_TIERING' ? {} : { Days: days }),
      GlacierJobParameters: { Tier: tier },
    },
  });
  try {
    const answer = await context.run('thaw', { key }, call, ({ client }, send) => client.send(command, send));
    // 200: it was back already, and stays for these days; 202: taken on
    return answer.$metadata.httpStatusCode === 200 ? 'readable' : 'requested';
  } catch (error) {
    if (error instanceof StoreError && error.storeCode === 'RestoreAlreadyInProgress') return 'in progress';
    throw error;
  }
}

/** Reads `x-amz-restore`: `ongoing-request="false", expiry-date="Fri, 21 Dec 2012 00:00:00 GMT"`. */
export function parseThaw(header: string | undefined): Thaw | undefined {
  const ongoing = /ongoing-request="(true|false)"/.exec(header ?? '')?.[1];
  if (ongoing === undefined) return undefined;
  if (ongoing === 'true') return { state: 'in progress' };
  const until = new Date(/expiry-date="([^"]+)"/.exec(header ?? '')?.[1] ?? Number.NaN);
  return { state: 'ready', until: Number.isNaN(until.getTime()) ? undefined : until };
}
