import { createRequire } from 'node:module';
import type * as Sdk from '@aws-sdk/client-s3';

// As one CommonJS package the SDK is there in two thirds of the time that its hundred ES modules take.
const load = createRequire(import.meta.url);
const sdk: typeof Sdk = load('@aws-sdk/client-s3');
sayNothingOfNode();

/**
 * The SDK's warning about old Node versions is for its developers, not for a user's cron mail. It notes that it was said;
 * the other way to silence it is a variable of the environment, which is not a library's to set.
 */
function sayNothingOfNode(): void {
  try {
    const loadForSdk = createRequire(load.resolve('@aws-sdk/client-s3'));
    const { state }: { state?: { warningEmitted: boolean } } = loadForSdk('@aws-sdk/core/client');
    if (state) state.warningEmitted = true;
  } catch {
    // Another version of the SDK keeps it elsewhere: a warning is better than no store.
  }
}

/** The commands and the client of the SDK that this store uses. */
export const {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectLockConfigurationCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  PutObjectRetentionCommand,
  PutObjectTaggingCommand,
  RestoreObjectCommand,
  S3Client,
  UploadPartCommand,
} = sdk;

export type GetObjectCommand = Sdk.GetObjectCommand;
export type S3Client = Sdk.S3Client;
