import type { CallOptions, ObjectSummary } from './object-store.ts';
import type { S3Context } from './s3-context.ts';
import { bare, decodeKey } from './s3-request.ts';
import { ListObjectsV2Command } from './s3-sdk.ts';

export async function* listObjects(
  context: S3Context,
  prefix: string,
  call: CallOptions & { readonly startAfter?: string } = {},
): AsyncGenerator<ObjectSummary> {
  let token: string | undefined;
  do {
    const command = new ListObjectsV2Command({
      Bucket: context.options.bucket,
      Prefix: prefix,
      EncodingType: 'url',
      ...(call.startAfter === undefined ? {} : { StartAfter: call.startAfter }),
      ...(token === undefined ? {} : { ContinuationToken: token }),
    });
    const page = await context.run('list', { key: prefix }, call, ({ client }, send) =>
      client.send(command, send),
    );
    for (const entry of page.Contents ?? []) {
      yield {
        key: decodeKey(entry.Key ?? '', page.EncodingType),
        bytes: entry.Size ?? 0,
        etag: bare(entry.ETag),
        modifiedAt: entry.LastModified ?? new Date(0),
        storageClass: entry.StorageClass,
      };
    }
    token = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
}
