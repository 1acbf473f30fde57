import type { CallOptions, ObjectSummary } from './object-store.ts';
import type { S3Context } from './s3-context.ts';
import { readPages } from './s3-pages.ts';
import { bare, decodeKey } from './s3-request.ts';
import { ListObjectsV2Command } from './s3-sdk.ts';

export async function* listObjects(
  context: S3Context,
  prefix: string,
  call: CallOptions & { readonly startAfter?: string } = {},
): AsyncGenerator<ObjectSummary> {
  const pages = readPages(context, {
    operation: 'list',
    key: prefix,
    ask: (token: string | undefined) => {
      const command = new ListObjectsV2Command({
        Bucket: context.options.bucket,
        Prefix: prefix,
        EncodingType: 'url',
        ...(call.startAfter === undefined ? {} : { StartAfter: call.startAfter }),
        ...(token === undefined ? {} : { ContinuationToken: token }),
      });
      return context.run('list', { key: prefix }, call, ({ client }, send) => client.send(command, send));
    },
    markerOf: (page) => page.NextContinuationToken || undefined,
  });
  for await (const page of pages) {
    for (const entry of page.Contents ?? []) {
      yield {
        key: decodeKey(entry.Key ?? '', page.EncodingType),
        bytes: entry.Size ?? 0,
        etag: bare(entry.ETag),
        modifiedAt: entry.LastModified ?? new Date(0),
        storageClass: entry.StorageClass,
      };
    }
  }
}
