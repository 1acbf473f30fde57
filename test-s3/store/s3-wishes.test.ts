import { createHash, randomBytes } from 'node:crypto';
import {
  DeleteObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { PROVIDERS } from '../../src/store/providers.ts';
import { all } from '../../test/store/read-back.ts';
import { failureOf } from '../../test/store/store-failure.ts';
import { createBucket, createTestClient, setVersioning } from '../s3.ts';
import { open } from './open-store.ts';

const MIB = 1024 ** 2;

async function ask<T>(work: (client: ReturnType<typeof createTestClient>) => Promise<T>): Promise<T> {
  const client = createTestClient();
  try {
    return await work(client);
  } finally {
    client.destroy();
  }
}

/** Stores 6 MiB in two parts. */
async function storeParts(store: ReturnType<typeof open>, key: string, body = randomBytes(6 * MIB)) {
  const upload = await store.startUpload(key);
  const parts = await Promise.all(
    [body.subarray(0, 5 * MIB), body.subarray(5 * MIB)].map((slice, index) =>
      upload.putPart(index + 1, slice),
    ),
  );
  await upload.complete(await upload.listParts());
  return { body, parts };
}

async function read(store: ReturnType<typeof open>, key: string): Promise<Buffer> {
  return Buffer.concat(await all((await store.get(key)).chunks));
}

describe('a key of the user’s (SSE-C)', () => {
  it('encrypts what is stored, so that nothing is read without it', async () => {
    const bucket = await createBucket();
    const store = open(bucket, { sseCKey: randomBytes(32) });
    const { body } = await storeParts(store, 'parts');
    await store.put('whole', Buffer.from('x'));
    expect(await store.head('parts')).toMatchObject({ bytes: 6 * MIB });
    expect((await store.head('whole'))?.digest).toBeUndefined();
    expect((await read(store, 'parts')).equals(body)).toBe(true);
    const tail = await store.get('parts', { range: { first: 5 * MIB - 3, last: 5 * MIB + 2 } });
    expect(Buffer.concat(await all(tail.chunks)).equals(body.subarray(5 * MIB - 3, 5 * MIB + 3))).toBe(true);
    for (const other of [open(bucket), open(bucket, { sseCKey: randomBytes(32) })]) {
      for (const error of [await failureOf(other.head('parts')), await failureOf(other.get('whole'))]) {
        expect(error).toMatchObject({ status: expect.toBeOneOf([400, 403]), retryable: false });
      }
    }
    expect((await failureOf(open(bucket).get('whole'))).advice).toContain('S3_SSE_C_KEY_FILE');
  });

  it('reads objects that were stored before there was one', async () => {
    const bucket = await createBucket();
    await open(bucket).put('k', Buffer.from('before'));
    const store = open(bucket, { sseCKey: randomBytes(32) });
    expect((await read(store, 'k')).toString()).toBe('before');
  });
});

describe('tags and Object Lock', () => {
  const tags = { purpose: 'backup', 'a/b': 'c d+é' };
  const tagsOf = async (Bucket: string, Key: string) => {
    const { TagSet = [] } = await ask((client) => client.send(new GetObjectTaggingCommand({ Bucket, Key })));
    return Object.fromEntries(TagSet.map((tag) => [tag.Key, tag.Value]));
  };

  it('come with an object stored whole, and with one of parts, where this gateway drops them', async () => {
    const bucket = await createBucket();
    const store = open(bucket, { tags });
    await store.put('whole', Buffer.from('x'));
    expect(await tagsOf(bucket, 'whole')).toEqual(tags);
    await storeParts(store, 'parts');
    await store.settle?.('parts');
    expect(await tagsOf(bucket, 'parts')).toEqual(tags);
  });

  it('keep an object from being deleted', async () => {
    const bucket = await createBucket({ ObjectLockEnabledForBucket: true });
    const store = open(bucket, { objectLock: { mode: 'GOVERNANCE', days: 2 } });
    await store.put('whole', Buffer.from('x'));
    await storeParts(store, 'parts');
    for (const key of ['whole', 'parts']) {
      await store.settle?.(key);
      const target = { Bucket: bucket, Key: key };
      const { VersionId, ...info } = await ask((client) => client.send(new HeadObjectCommand(target)));
      expect(info.ObjectLockMode).toBe('GOVERNANCE');
      const days = (Number(info.ObjectLockRetainUntilDate) - Date.now()) / 86_400_000;
      expect(days).toBeGreaterThan(1.99);
      expect(days).toBeLessThan(2.01);
      const removing = ask((client) =>
        client.send(new DeleteObjectCommand({ ...target, ...(VersionId && { VersionId }) })),
      );
      await expect(removing).rejects.toMatchObject({ name: 'AccessDenied' });
    }
  });

  it('are refused in a bucket without Object Lock, in words', async () => {
    const store = open(await createBucket(), { objectLock: { mode: 'GOVERNANCE', days: 1 } });
    const error = await failureOf(store.put('k', Buffer.from('x')));
    expect(error).toMatchObject({ status: 400, retryable: false });
    expect(error.advice).toContain('S3_OBJECT_LOCK_MODE=GOVERNANCE');
    expect(await store.head('k')).toBeUndefined();
  });
});

describe('what goes with a body', () => {
  it('is an MD5 that the store compares', async () => {
    const store = open(await createBucket(), { provider: { ...PROVIDERS.ceph, checksum: 'md5' } });
    const { body } = await storeParts(store, 'k');
    expect((await read(store, 'k')).equals(body)).toBe(true);
    const md5 = createHash('md5').update('something else').digest('hex');
    const upload = await store.startUpload('k');
    const error = await failureOf(upload.putPart(1, Buffer.from('x'), { md5 }));
    expect(error).toMatchObject({ storeCode: 'BadDigest', retryable: true });
    await upload.abort();
  });

  it.each(['crc32', 'crc32-parts', 'sha256-parts'] as const)(
    'may be %s, which this gateway takes and forgets',
    async (checksum) => {
      const store = open(await createBucket(), { provider: { ...PROVIDERS.ceph, checksum } });
      const { body, parts } = await storeParts(store, 'k');
      expect(parts[0]?.checksum).toBeDefined();
      expect((await read(store, 'k')).equals(body)).toBe(true);
      expect((await store.head('k'))?.checksum).toBeUndefined();
    },
  );
});

describe('a bucket', () => {
  it('may keep versions: the newest is seen, and removing hides it', async () => {
    const bucket = await createBucket();
    await setVersioning(bucket);
    const store = open(bucket);
    await store.put('k', Buffer.from('old'));
    await store.put('k', Buffer.from('newer'));
    await storeParts(store, 'parts');
    expect(await store.head('k')).toMatchObject({ bytes: 5 });
    expect((await all(store.list(''))).map(({ key }) => key)).toEqual(['k', 'parts']);
    await store.remove('k');
    expect(await store.head('k')).toBeUndefined();
    expect((await all(store.list(''))).map(({ key }) => key)).toEqual(['parts']);
    const { Versions } = await ask((client) =>
      client.send(new ListObjectVersionsCommand({ Bucket: bucket })),
    );
    expect(Versions?.filter(({ Key }) => Key === 'k')).toHaveLength(2);
  });

  it.each([
    ['storageClass', 'NO_SUCH_CLASS', 'S3_STORAGE_CLASS=NO_SUCH_CLASS'],
    ['sse', 'aws:kms', 'S3_SSE=aws:kms'],
  ] as const)('that knows no %s %s says so in words', async (option, value, words) => {
    const store = open(await createBucket(), { [option]: value });
    for (const error of [
      await failureOf(store.put('k', Buffer.from('x'))),
      await failureOf(store.startUpload('k')),
    ]) {
      expect(error).toMatchObject({ code: 'STORE_FAILED', status: 400, retryable: false });
      expect(error.advice).toContain(words);
    }
    expect(await store.head('k')).toBeUndefined();
  });
});
