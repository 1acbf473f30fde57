import { StoreError } from '../errors.ts';
import { assertKey } from './keys.ts';
import type { CallOptions } from './object-store.ts';
import type { S3Context } from './s3-context.ts';
import { sendHead } from './s3-head.ts';
import { retainUntil } from './s3-request.ts';
import { PutObjectRetentionCommand, PutObjectTaggingCommand } from './s3-sdk.ts';

/** Sets the tags and the lock that an object should have been created with, where HEAD does not show them. */
export async function settleObject(context: S3Context, key: string, call?: CallOptions): Promise<void> {
  const { objectLock, tags, bucket } = context.options;
  if (objectLock === undefined && tags === undefined) return;
  assertKey('head', key);
  const { ObjectLockMode, VersionId, TagCount } = await sendHead(context, key, call);
  const target = { Bucket: bucket, Key: key, ...(VersionId === undefined ? {} : { VersionId }) };
  if (objectLock !== undefined && ObjectLockMode === undefined) {
    const Retention = { Mode: objectLock.mode, RetainUntilDate: retainUntil(objectLock) };
    const command = new PutObjectRetentionCommand({ ...target, Retention });
    await afterStoring('locked', () =>
      context.run('lock', { key }, call, ({ client }, send) => client.send(command, send)),
    );
  }
  if (tags !== undefined && TagCount !== Object.keys(tags).length) {
    const TagSet = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
    const command = new PutObjectTaggingCommand({ ...target, Tagging: { TagSet } });
    await afterStoring('tagged', () =>
      context.run('tag', { key }, call, ({ client }, send) => client.send(command, send)),
    );
  }
}

/** The object is whole and visible; what failed is what makes it safe or findable, and that must not pass in silence. */
async function afterStoring(what: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    const { code, message, advice = '', cause } = error;
    throw new StoreError(code, message, error, {
      cause,
      advice: `It is stored, but not ${what}. ${advice}`.trim(),
    });
  }
}
