import type { DeleteMarkerEntry } from '@aws-sdk/client-s3';
import { StoreError } from '../errors.ts';
import { assertKey, compareKeys } from './keys.ts';
import type { CallOptions, DeletedObject, Versions } from './object-store.ts';
import type { S3Context } from './s3-context.ts';
import { headVersion } from './s3-head.ts';
import { readPages } from './s3-pages.ts';
import { bare, decodeKey } from './s3-request.ts';
import { DeleteObjectCommand, GetBucketVersioningCommand, ListObjectVersionsCommand } from './s3-sdk.ts';

/** What a version is, or the marker that says that an object was deleted. */
interface Version {
  readonly key: string;
  readonly versionId: string;
  readonly isNewest: boolean;
  readonly at: Date;
  /** Absent for a marker. */
  readonly object?: Pick<DeletedObject, 'bytes' | 'etag' | 'storageClass'>;
}

/** Deleting an object of a versioned bucket puts a marker above it; taking the marker away brings it back. */
export function createVersions(context: S3Context): Versions {
  return {
    readState: (call) => readVersioning(context, call),
    listDeleted: (prefix, call) => listDeleted(context, prefix, call),
    headDeleted: ({ key, versionId }, call) => headVersion(context, key, versionId, call),
    undelete: (key, call) => undelete(context, key, call),
  };
}

/** Whether the bucket keeps versions. */
export async function readVersioning(
  context: S3Context,
  call: CallOptions | undefined,
): Promise<'on' | 'suspended' | 'off'> {
  const command = new GetBucketVersioningCommand({ Bucket: context.options.bucket });
  const { Status } = await context.run('readVersioning', { key: '' }, call, ({ client }, send) =>
    client.send(command, send),
  );
  return Status === 'Enabled' ? 'on' : Status === 'Suspended' ? 'suspended' : 'off';
}

async function listDeleted(
  context: S3Context,
  prefix: string,
  call: CallOptions | undefined,
): Promise<readonly DeletedObject[]> {
  const deletedAt = new Map<string, Date>();
  const newest = new Map<string, Version>();
  for await (const version of listVersions(context, prefix, call)) {
    const { key, object, isNewest, at } = version;
    if (object === undefined) {
      if (isNewest) deletedAt.set(key, at);
    } else if (at > (newest.get(key)?.at ?? new Date(-1))) newest.set(key, version);
  }
  const found: DeletedObject[] = [];
  for (const [key, when] of deletedAt) {
    const { object, at, versionId } = newest.get(key) ?? {};
    if (object && at && versionId) found.push({ key, ...object, modifiedAt: at, versionId, deletedAt: when });
  }
  return found.sort((a, b) => compareKeys(a.key, b.key));
}

/** Whoever deletes twice leaves two markers. */
async function undelete(context: S3Context, key: string, call: CallOptions | undefined): Promise<void> {
  assertKey('undelete', key);
  const gone = new Set<string>();
  for (;;) {
    const marker = await findMarker(context, key, call);
    if (marker === undefined) return;
    if (gone.has(marker.versionId)) throw stillDeleted(key);
    gone.add(marker.versionId);
    const command = new DeleteObjectCommand({
      Bucket: context.options.bucket,
      Key: key,
      VersionId: marker.versionId,
    });
    await context.run('undelete', { key }, call, ({ client }, send) => client.send(command, send));
  }
}

function stillDeleted(key: string): StoreError {
  const failure = { operation: 'undelete', key, retryable: false };
  return new StoreError(
    'STORE_FAILED',
    `cannot bring back ${key}: the store shows it as deleted still`,
    failure,
  );
}

async function findMarker(
  context: S3Context,
  key: string,
  call: CallOptions | undefined,
): Promise<Version | undefined> {
  for await (const version of listVersions(context, key, call)) {
    // Its own versions come first.
    if (version.key !== key) return undefined;
    if (version.isNewest) return version.object === undefined ? version : undefined;
  }
  return undefined;
}

/** By key; the versions and the markers of a page one after the other. */
async function* listVersions(
  context: S3Context,
  prefix: string,
  call: CallOptions | undefined,
): AsyncGenerator<Version> {
  const pages = readPages(context, {
    operation: 'listDeleted',
    key: prefix,
    ask: (marker: { readonly KeyMarker: string; readonly VersionIdMarker?: string } | undefined) => {
      const command = new ListObjectVersionsCommand({
        Bucket: context.options.bucket,
        Prefix: prefix,
        EncodingType: 'url',
        ...marker,
      });
      return context.run('listDeleted', { key: prefix }, call, ({ client }, send) =>
        client.send(command, send),
      );
    },
    markerOf: ({ NextKeyMarker, NextVersionIdMarker, EncodingType }) =>
      NextKeyMarker
        ? {
            KeyMarker: decodeKey(NextKeyMarker, EncodingType),
            ...(NextVersionIdMarker && { VersionIdMarker: NextVersionIdMarker }),
          }
        : undefined,
  });
  for await (const page of pages) {
    const factsOf = ({ Key, VersionId, IsLatest, LastModified }: DeleteMarkerEntry) => ({
      key: decodeKey(Key ?? '', page.EncodingType),
      versionId: VersionId ?? 'null',
      isNewest: IsLatest === true,
      at: LastModified ?? new Date(0),
    });
    const markers = (page.DeleteMarkers ?? []).map(factsOf);
    const versions = (page.Versions ?? []).map((entry) => ({
      ...factsOf(entry),
      object: { bytes: entry.Size ?? 0, etag: bare(entry.ETag), storageClass: entry.StorageClass },
    }));
    yield* [...markers, ...versions].sort((a, b) => compareKeys(a.key, b.key));
  }
}
