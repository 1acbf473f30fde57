import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { exitStatusOf } from '../../src/errors.ts';
import { PROVIDERS } from '../../src/store/providers.ts';
import { all } from '../../test/store/read-back.ts';
import { failureOf } from '../../test/store/store-failure.ts';
import { createBucket, createLimitedUser, s3Credentials, s3Server } from '../s3.ts';
import { open } from './open-store.ts';

const body = Buffer.from('x');

describe('a failure is one clear sentence, a code and an exit status', () => {
  it('for a secret that does not fit', async () => {
    const bucket = await createBucket();
    const credentials = { ...s3Credentials(), secretAccessKey: 'a-wrong-secret' };
    const error = await failureOf(open(bucket, { credentials }).put('tank/a@1', body));
    expect(error).toMatchObject({ code: 'STORE_DENIED', status: 403, retryable: false });
    expect(error.storeCode).toBe('SignatureDoesNotMatch');
    expect(error.message).toBe(
      `cannot store s3://${bucket}/tank/a@1 at ${s3Server().endpoint}: the secret key does not fit the access key ` +
        '(SignatureDoesNotMatch)',
    );
    expect(error.advice).toContain('S3_SECRET');
    expect(exitStatusOf(error)).toBe(1);
    expect(JSON.stringify(error) + error.stack).not.toContain('a-wrong-secret');
  });

  it('for an access key that the store does not know', async () => {
    const credentials = { accessKeyId: 'nobody', secretAccessKey: 'nothing' };
    const store = open(await createBucket(), { credentials });
    for (const error of [await failureOf(store.get('k')), await failureOf(all(store.list('')))]) {
      expect(error).toMatchObject({
        code: 'STORE_DENIED',
        storeCode: 'InvalidAccessKeyId',
        retryable: false,
      });
      expect(error.message).toContain('does not know the access key');
    }
    expect(await failureOf(store.head('k'))).toMatchObject({ code: 'STORE_DENIED', status: 403 });
  });

  it('for a bucket that does not exist', async () => {
    const error = await failureOf(open('no-such-bucket-here').startUpload('tank/a@1'));
    expect(error).toMatchObject({ code: 'NO_SUCH_BUCKET', retryable: false });
    expect(error.message).toContain('no such bucket: no-such-bucket-here');
    expect(error.advice).toContain('aws s3 mb s3://no-such-bucket-here');
    expect(exitStatusOf(error)).toBe(4);
  });

  it('for a write that is denied, while reading is allowed', async () => {
    const bucket = await createBucket();
    await open(bucket).put('there', Buffer.from('hello'));
    const credentials = await createLimitedUser(bucket, ['s3:GetObject', 's3:ListBucket']);
    const store = open(bucket, { credentials });
    expect(await store.head('there')).toMatchObject({ bytes: 5 });
    expect(await store.head('not there')).toBeUndefined();
    for (const error of [
      await failureOf(store.put('k', body)),
      await failureOf(store.startUpload('k')),
      await failureOf(store.remove('there')),
    ]) {
      expect(error).toMatchObject({ code: 'STORE_DENIED', storeCode: 'AccessDenied', retryable: false });
      expect(error.message).toContain('access denied (403)');
      expect(error.advice).toMatch(/may (write|delete) \(s3:\w+\) in test-/);
    }
  });

  it('for a user who may do nothing at all', async () => {
    const bucket = await createBucket();
    const store = open(bucket, { credentials: await createLimitedUser(bucket, []) });
    expect(await failureOf(store.head('k'))).toMatchObject({ code: 'STORE_DENIED' });
    expect(await failureOf(all(store.list('')))).toMatchObject({ code: 'STORE_DENIED' });
  });

  it('for an endpoint where nothing listens', async () => {
    const error = await failureOf(open('b', { endpoint: 'http://127.0.0.1:9' }).head('k'));
    expect(error).toMatchObject({ code: 'STORE_UNREACHABLE', retryable: true, status: undefined });
    expect(error.message).toBe(
      'cannot look at s3://b/k at http://127.0.0.1:9: http://127.0.0.1:9 refuses connections (ECONNREFUSED)',
    );
    expect(error.advice).toContain('ENDPOINT');
    expect(exitStatusOf(error)).toBe(1);
  });

  it('for a host that has no address', async () => {
    const error = await failureOf(open('b', { endpoint: 'http://no-such-host.invalid' }).head('k'));
    expect(error).toMatchObject({ code: 'STORE_UNREACHABLE', retryable: true });
    expect(error.message).toMatch(/cannot be found by name \((ENOTFOUND|EAI_AGAIN)\)/);
  });

  it('for https where the store speaks http', async () => {
    const endpoint = s3Server().endpoint.replace('http:', 'https:');
    const error = await failureOf(open('b', { endpoint }).head('k'));
    expect(error).toMatchObject({ code: 'STORE_UNREACHABLE', retryable: false });
    expect(error.advice).toContain('http://');
  });

  it('for a server that closes every connection', async () => {
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const error = await failureOf(open('b', { endpoint: `http://127.0.0.1:${port}` }).put('k', body));
    server.close();
    expect(error).toMatchObject({ code: 'STORE_UNREACHABLE', retryable: true });
    expect(error.message).toContain('closed the connection');
  });

  it('for a storage class that the store does not have', async () => {
    const store = open(await createBucket());
    const error = await failureOf(store.put('k', body, { storageClass: 'NO_SUCH_CLASS' }));
    expect(error).toMatchObject({ code: 'STORE_FAILED', storeCode: 'InvalidArgument', retryable: false });
    expect(await store.head('k')).toBeUndefined();
  });

  it('for an AWS profile that does not exist', async () => {
    const profile = 'no-such-profile-here';
    const store = open('b', { credentials: undefined, profile });
    const error = await failureOf(store.head('k'));
    expect(error).toMatchObject({ code: 'STORE_DENIED', retryable: false });
    expect(error.message).toContain(`the profile ${profile} has no usable credentials`);
    expect(error.advice).toContain(`[profile ${profile}]`);
  });
});

describe('what a store is asked to send', () => {
  it('sends Content-MD5 where it is wanted, with whole bodies and with parts', async () => {
    const store = open(await createBucket(), { provider: { ...PROVIDERS.ceph, checksum: 'md5' } });
    await store.put('whole', body);
    const upload = await store.startUpload('parts');
    await upload.complete([await upload.putPart(1, body)]);
    expect(await store.head('parts')).toMatchObject({ bytes: 1 });
  });

  it('is refused when the SHA-256 that it was handed is not the body’s', async () => {
    const store = open(await createBucket());
    const upload = await store.startUpload('k');
    const error = await failureOf(upload.putPart(1, body, { sha256: '0'.repeat(64) }));
    // Damaged on its way, as far as anybody can tell.
    expect(error.retryable).toBe(true);
    expect(error.status).toBe(400);
    await upload.abort();
  });
});
