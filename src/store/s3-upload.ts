import { StoreError } from '../errors.ts';
import { assertKey, assertMetadata, assertPartNumber } from './keys.ts';
import type { CallOptions, ObjectAttributes, OpenUpload, StoredPart, Upload } from './object-store.ts';
import { wordsFor } from './operation-words.ts';
import { bodyChecksum, checksumOf, completeChecksum, partChecksum, uploadChecksum } from './s3-checksum.ts';
import type { S3Context } from './s3-context.ts';
import { readPages } from './s3-pages.ts';
import { askedFor, attributesOf, bare, bodyHash, withBodyHash } from './s3-request.ts';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  UploadPartCommand,
} from './s3-sdk.ts';
import { sseCFields } from './s3-sse-c.ts';

export async function startUpload(
  context: S3Context,
  key: string,
  call: CallOptions & ObjectAttributes = {},
): Promise<Upload> {
  assertKey('startUpload', key);
  assertMetadata('startUpload', key, call.metadata);
  const command = new CreateMultipartUploadCommand({
    Bucket: context.options.bucket,
    Key: key,
    ...attributesOf(context, call),
    ...uploadChecksum(context),
  });
  const facts = { key, asked: askedFor(context, call) };
  const answer = await context.run('startUpload', facts, call, ({ client }, send) =>
    client.send(command, send),
  );
  return createUpload(context, key, answer.UploadId);
}

/** Oldest first. */
export async function openUploads(
  context: S3Context,
  prefix: string,
  call: CallOptions | undefined,
): Promise<OpenUpload[]> {
  const found: OpenUpload[] = [];
  const pages = readPages(context, {
    operation: 'openUploads',
    key: prefix,
    ask: (marker: { readonly KeyMarker: string; readonly UploadIdMarker?: string } | undefined) => {
      const command = new ListMultipartUploadsCommand({
        Bucket: context.options.bucket,
        Prefix: prefix,
        // No EncodingType: Ceph encodes the keys and does not say so.
        ...marker,
      });
      return context.run('openUploads', { key: prefix }, call, ({ client }, send) =>
        client.send(command, send),
      );
    },
    markerOf: ({ NextKeyMarker, NextUploadIdMarker }) =>
      NextKeyMarker
        ? { KeyMarker: NextKeyMarker, ...(NextUploadIdMarker && { UploadIdMarker: NextUploadIdMarker }) }
        : undefined,
  });
  for await (const page of pages) {
    for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
      found.push({
        ...createUpload(context, Key ?? '', UploadId),
        startedAt: Initiated ?? new Date(0),
      });
    }
  }
  return found.sort((a, b) => a.startedAt.getTime() - b.startedAt.getTime());
}

function createUpload(context: S3Context, key: string, uploadId: string | undefined): Upload {
  // The SDK sends an UploadPart without an id as a PutObject, which would overwrite the key with one part.
  if (!uploadId) throw unusable('startUpload', key, 'the store gave no upload id');
  const target = { Bucket: context.options.bucket, Key: key, UploadId: uploadId };
  const customerKey = sseCFields(context.options.sseCKey);
  return {
    key,
    uploadId,
    putPart: async (partNumber, body, call = {}) => {
      assertPartNumber(key, partNumber, context.provider.limits.maxParts);
      const { fields, checksum } = bodyChecksum(context, body, call);
      const command = new UploadPartCommand({
        ...target,
        ...customerKey,
        ...fields,
        PartNumber: partNumber,
        Body: body,
        ContentLength: body.byteLength,
      });
      const hash = bodyHash(context, call.sha256);
      command.middlewareStack.add((next) => (args) => next(withBodyHash(args, hash)), { step: 'build' });
      const answer = await context.run('putPart', { key, partNumber }, call, ({ client }, send) =>
        client.send(command, send),
      );
      const etag = bare(answer.ETag);
      if (etag === undefined)
        throw unusable('putPart', key, `the store gave no ETag for part ${partNumber}`, { retryable: true });
      return { partNumber, etag, bytes: body.byteLength, ...(checksum && { checksum }) };
    },
    listParts: (call) => listParts(context, key, target, call),
    complete: async (parts, call) => {
      const command = new CompleteMultipartUploadCommand({
        ...target,
        ...customerKey,
        ...completeChecksum(context, parts),
        ...(call?.ifAbsent && context.provider.conditionalComplete ? { IfNoneMatch: '*' } : {}),
        MultipartUpload: {
          Parts: parts
            .toSorted(byNumber)
            .map((part) => ({ ...partOf(part), ...partChecksum(context, part) })),
        },
      });
      const answer = await context.run('complete', { key }, call, ({ patient }, send) =>
        patient.send(command, send),
      );
      // A success names the object. What does not is perhaps no answer of the store, which may be at work still.
      if (!answer.Location && !answer.Bucket && !answer.Key && !answer.ETag) {
        const status = answer.$metadata.httpStatusCode;
        throw unusable('complete', key, `the store answered ${status} and confirmed nothing`, { status });
      }
      return { etag: bare(answer.ETag) };
    },
    abort: async (call) => {
      const command = new AbortMultipartUploadCommand(target);
      try {
        await context.run('abort', { key }, call, ({ client }, send) => client.send(command, send));
      } catch (error) {
        if (!(error instanceof StoreError) || error.storeCode !== 'NoSuchUpload') throw error;
      }
    },
  };
}

async function listParts(
  context: S3Context,
  key: string,
  target: { Bucket: string; Key: string; UploadId: string },
  call: CallOptions | undefined,
): Promise<StoredPart[]> {
  const parts: StoredPart[] = [];
  const pages = readPages(context, {
    operation: 'listParts',
    key,
    ask: (marker: string | undefined) => {
      const command = new ListPartsCommand({
        ...target,
        ...sseCFields(context.options.sseCKey),
        ...(marker === undefined ? {} : { PartNumberMarker: marker }),
      });
      return context.run('listParts', { key }, call, ({ client }, send) => client.send(command, send));
    },
    markerOf: (page) => page.NextPartNumberMarker || undefined,
  });
  for await (const page of pages) {
    for (const part of page.Parts ?? []) {
      const { PartNumber, ETag, Size, LastModified } = part;
      const storedAt = LastModified ? { storedAt: LastModified } : {};
      const bytes = Size ?? 0;
      parts.push({
        ...{ partNumber: PartNumber ?? 0, etag: bare(ETag) ?? '', bytes },
        ...storedAt,
        ...checksumOf(part),
      });
    }
  }
  return parts.sort(byNumber);
}

function byNumber(a: StoredPart, b: StoredPart): number {
  return a.partNumber - b.partNumber;
}

function partOf({ partNumber, etag }: StoredPart): { PartNumber: number; ETag: string } {
  return { PartNumber: partNumber, ETag: `"${etag}"` };
}

function unusable(
  operation: string,
  key: string,
  message: string,
  facts: { readonly retryable?: boolean; readonly status?: number | undefined } = {},
): StoreError {
  return new StoreError('STORE_FAILED', `cannot ${wordsFor(operation)} ${key}: ${message}`, {
    operation,
    key,
    retryable: false,
    ...facts,
  });
}
