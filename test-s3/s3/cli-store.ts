import type { JobStore } from '../main/jobs.ts';
import { createBucket, openTestStore, s3Server } from '../s3.ts';

export interface CliStore extends JobStore {
  readonly bucket: string;
}

/** A new bucket on the test server, for the programs and to look at from the side. */
export async function createCliStore(): Promise<CliStore> {
  const bucket = await createBucket();
  const { endpoint, accessKeyId, secretAccessKey } = s3Server();
  return {
    bucket,
    env: { BUCKET: bucket, ENDPOINT: endpoint, S3_KEY_ID: accessKeyId, S3_SECRET: secretAccessKey },
    store: openTestStore(bucket),
  };
}
