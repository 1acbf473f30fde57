import { assertKey, assertMetadata } from './keys.ts';
import type { ObjectStore } from './object-store.ts';
import { placeArguments, putArguments } from './s3-arguments.ts';
import { bodyChecksum, wantedDigests } from './s3-checksum.ts';
import { createS3Context, type S3StoreOptions } from './s3-context.ts';
import { describeBucket } from './s3-describe.ts';
import { headFirstPart, headObject } from './s3-head.ts';
import { listObjects } from './s3-list.ts';
import { getObject, getObjectInto } from './s3-read.ts';
import { askedFor, attributesOf, bare, bodyHash, withBodyHash } from './s3-request.ts';
import { DeleteObjectCommand, PutObjectCommand } from './s3-sdk.ts';
import { settleObject } from './s3-settle.ts';
import { thawObject } from './s3-thaw.ts';
import { openUploads, startUpload } from './s3-upload.ts';
import { createVersions } from './s3-versions.ts';
import { minBilledDays } from './storage-classes.ts';
import { serverName } from './store-id.ts';

/** A bucket of S3 or of anything that speaks its protocol. No request is made before the first call. */
export function createS3Store(options: S3StoreOptions): ObjectStore {
  const context = createS3Context(options);
  const { bucket, prefix } = options;
  const storePrefix = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
  return {
    url: `s3://${bucket}`,
    server: serverName(options.endpoint),
    arguments: placeArguments(options),
    putArguments: putArguments(options),
    prefix: storePrefix,
    limits: context.provider.limits,
    requests: context.requests,
    wantedDigests: wantedDigests(context),
    canPutIfAbsent: context.provider.conditionalPut === true,
    list: (keyPrefix, call) => listObjects(context, keyPrefix, call),
    head: (key, call) => headObject(context, key, call),
    firstPartBytes: (key, call) => headFirstPart(context, key, call),
    get: (key, call) => getObject(context, key, call),
    getInto: (key, into, call) => getObjectInto(context, key, into, call),
    put: async (key, body, call = {}) => {
      assertKey('put', key);
      assertMetadata('put', key, call.metadata);
      return context.run('put', { key, asked: askedFor(context, call) }, call, async ({ client }, send) => {
        const input = { Bucket: bucket, Key: key, Body: body, ContentLength: body.byteLength };
        const command = new PutObjectCommand({
          ...input,
          ...bodyChecksum(context, body, call).fields,
          ...attributesOf(context, call),
          ...(call.ifAbsent && context.provider.conditionalPut !== false ? { IfNoneMatch: '*' } : {}),
        });
        command.middlewareStack.add(
          (next) => (args) => next(withBodyHash(args, bodyHash(context, call.sha256))),
          {
            step: 'build',
          },
        );
        return { etag: bare((await client.send(command, send)).ETag) };
      });
    },
    settle: (key, call) => settleObject(context, key, call),
    remove: async (key, call) => {
      assertKey('remove', key);
      const command = new DeleteObjectCommand({ Bucket: bucket, Key: key });
      await context.run('remove', { key }, call, ({ client }, send) => client.send(command, send));
    },
    thaw: (key, call) => thawObject(context, key, call),
    startUpload: (key, call) => startUpload(context, key, call),
    openUploads: (keyPrefix, call) => openUploads(context, keyPrefix, call),
    versions: createVersions(context),
    minBilledDays: (storageClass) => minBilledDays(context.provider, storageClass),
    describe: (call) => describeBucket(context, storePrefix, call),
    close: context.close,
  };
}
