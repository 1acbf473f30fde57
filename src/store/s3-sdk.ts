import { createRequire } from 'node:module';
import type * as Sdk from '@aws-sdk/client-s3';

// As one CommonJS package the SDK is there in two thirds of the time that its hundred ES modules take.
const sdk: typeof Sdk = createRequire(import.meta.url)('@aws-sdk/client-s3');

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
export type ListMultipartUploadsCommand = Sdk.ListMultipartUploadsCommand;
export type ListObjectVersionsCommand = Sdk.ListObjectVersionsCommand;
export type ListPartsCommand = Sdk.ListPartsCommand;
export type S3Client = Sdk.S3Client;
