import { createHash, randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { describeStoreContract } from '../../test/store/contract.ts';
import { createBucket, openTestStore } from '../s3.ts';

const MIB = 1024 ** 2;

describeStoreContract('S3 store on Ceph RGW', {
  openFresh: async () => openTestStore(await createBucket()),
  openMissing: async () => openTestStore('no-such-bucket-anywhere'),
  manyKeys: 1001,
  completesSubset: false,
  completesIfAbsent: false,
});

it('gives 6 MiB in parts of 5 MiB the MD5 of MD5s as ETag', async () => {
  const store = openTestStore(await createBucket());
  const body = randomBytes(6 * MIB);
  const slices = [body.subarray(0, 5 * MIB), body.subarray(5 * MIB)];
  const upload = await store.startUpload('k');
  const parts = await Promise.all(slices.map((slice, index) => upload.putPart(index + 1, slice)));
  await upload.complete(parts);
  const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest();
  expect(parts.map(({ etag }) => etag)).toEqual(slices.map((slice) => md5(slice).toString('hex')));
  expect((await store.head('k'))?.etag).toBe(`${md5(Buffer.concat(slices.map(md5))).toString('hex')}-2`);
  store.close();
});
