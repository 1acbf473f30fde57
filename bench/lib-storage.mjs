// The baseline: `Upload` of lib-storage from stdin. Arguments: URL BUCKET
import { S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';

const [endpoint, Bucket] = process.argv.slice(2);
const client = new S3Client({
  endpoint,
  forcePathStyle: true,
  requestChecksumCalculation: 'WHEN_REQUIRED',
  responseChecksumValidation: 'WHEN_REQUIRED',
});
const params = { Bucket, Key: 'bench/lib-storage', Body: process.stdin };
await new Upload({ client, params, partSize: 16 * 1024 ** 2, queueSize: 4 }).done();
