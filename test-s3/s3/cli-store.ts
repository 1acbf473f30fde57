import type { ObjectStore } from '../../src/store/object-store.ts';
import { createBucket, openTestStore, s3Server } from '../s3.ts';

export interface CliStore {
  readonly bucket: string;
  /** What tells the programs where the store is. */
  readonly env: Readonly<Record<string, string>>;
  readonly store: ObjectStore;
}

/** A new bucket on the test server, for the programs and to look at from the side. */
export async function createCliStore(): Promise<CliStore> {
  const bucket = await createBucket();
  const { endpoint, accessKeyId, secretAccessKey } = s3Server();
  return {
    bucket,
    env: { BUCKET: bucket, ENDPOINT: endpoint, S3_KEY_ID: accessKeyId, S3_SECRET: secretAccessKey },
    store: await openTestStore(bucket),
  };
}
