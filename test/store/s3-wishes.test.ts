import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  type Answer,
  completed,
  empty,
  emptyListing,
  errorBody,
  onHead,
  openStore,
  started,
  uploadOne,
  withComplete,
  xml,
} from './answering-server.ts';
import { all } from './read-back.ts';
import { failureOf } from './store-failure.ts';

describe('a key of the user’s', () => {
  const sseCKey = Buffer.alloc(32, 'k');
  const md5 = createHash('md5').update(sseCKey).digest('base64');
  const headers = {
    'x-amz-server-side-encryption-customer-algorithm': 'AES256',
    'x-amz-server-side-encryption-customer-key': sseCKey.toString('base64'),
    'x-amz-server-side-encryption-customer-key-md5': md5,
  };

  it('goes with every request that writes or reads', async () => {
    const { store, requests } = await openStore(withComplete(completed), { sseCKey });
    const { upload, parts } = await uploadOne(store);
    await upload.complete(parts);
    await store.put('k', Buffer.from('x'));
    await store.head('k');
    await all((await store.get('k')).chunks);
    expect(requests).toHaveLength(6);
    for (const request of requests) expect(request.headers).toMatchObject(headers);
  });

  it('is left out for an object that was stored without it', async () => {
    const answer: Answer = (request, response) => {
      const hasKey = 'x-amz-server-side-encryption-customer-key' in request.headers;
      response.writeHead(hasKey ? 400 : 200, { 'content-length': hasKey ? 0 : 1 });
      response.end(hasKey || request.method === 'HEAD' ? '' : 'x');
    };
    const { store } = await openStore(answer, { sseCKey });
    expect(await store.head('k')).toMatchObject({ bytes: 1 });
    expect(await all((await store.get('k')).chunks)).toHaveLength(1);
  });

  it('is asked for where it is missing, and never told', async () => {
    const refuse: Answer = (request, response) =>
      /list-type/.test(request.url)
        ? emptyListing(request, response)
        : xml(400, errorBody('InvalidRequest'))(request, response);
    for (const options of [{}, { sseCKey }]) {
      const { store } = await openStore(refuse, options);
      for (const error of [await failureOf(store.head('k')), await failureOf(store.get('k'))]) {
        expect(error.advice).toContain('S3_SSE_C_KEY_FILE');
        const text = inspect(error, { depth: 10, showHidden: true });
        expect(text).not.toContain(headers['x-amz-server-side-encryption-customer-key']);
        expect(text).not.toContain(md5);
      }
    }
  });
});

describe('what objects are created with', () => {
  const tags = { purpose: 'backup', 'a/b': 'c d+é' };
  const objectLock = { mode: 'COMPLIANCE', days: 30 } as const;

  it('holds tags and the date until which they are locked', async () => {
    const { store, requests } = await openStore(withComplete(started), { tags, objectLock });
    await store.put('k', Buffer.from('x'));
    await store.startUpload('k');
    for (const { headers } of requests) {
      expect(headers['x-amz-tagging']).toBe('purpose=backup&a%2Fb=c%20d%2B%C3%A9');
      expect(headers['x-amz-object-lock-mode']).toBe('COMPLIANCE');
      const until = Date.parse(String(headers['x-amz-object-lock-retain-until-date']));
      expect(until - Date.now()).toBeGreaterThan(30 * 86_400_000 - 60_000);
      expect(until - Date.now()).toBeLessThanOrEqual(30 * 86_400_000);
    }
  });

  it('of a storage class is not for what stands beside the backups', async () => {
    const { store, requests } = await openStore(xml(200, ''), { storageClass: 'DEEP_ARCHIVE' });
    await store.put('k', Buffer.from('x'));
    await store.put('p/.records/k', Buffer.from('x'), { beside: true });
    expect(requests.map(({ headers }) => headers['x-amz-storage-class'])).toEqual([
      'DEEP_ARCHIVE',
      undefined,
    ]);
  });

  it('is named when the store does not want it, and no secret of it', async () => {
    const { store } = await openStore(xml(400, errorBody('InvalidArgument')), {
      tags,
      objectLock,
      storageClass: 'NO_SUCH',
      sseCKey: Buffer.alloc(32, 'k'),
    });
    const error = await failureOf(store.startUpload('k'));
    expect(error.advice).toBe(
      'Perhaps this store or bucket does not have what was asked for: S3_STORAGE_CLASS=NO_SUCH, ' +
        'S3_SSE_C_KEY_FILE, S3_TAGS, S3_OBJECT_LOCK_MODE=COMPLIANCE. Correct it or leave it out.',
    );
  });

  it('names the remedy when the bucket wants a digest', async () => {
    const words =
      'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Part requests with Object Lock';
    const body = `<Error><Code>InvalidRequest</Code><Message>${words}</Message></Error>`;
    const { store } = await openStore(xml(400, body));
    expect((await failureOf(store.put('k', Buffer.from('x')))).advice).toContain('S3_CHECKSUM=md5');
  });

  it('is set afterwards where the store dropped it', async () => {
    const answer = empty(200, { 'x-amz-version-id': 'v1', 'content-length': 0 });
    const { store, requests } = await openStore(answer, { tags, objectLock });
    await store.settle?.('k');
    expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'HEAD /b/k',
      'PUT /b/k?retention=&versionId=v1',
      'PUT /b/k?tagging=&versionId=v1',
    ]);
    expect(requests[1]?.body.toString()).toContain('<Mode>COMPLIANCE</Mode>');
    expect(requests[2]?.body.toString()).toContain('<Key>a/b</Key><Value>c d+é</Value>');
  });

  it('is not touched where it is there, or was not asked for', async () => {
    const there = {
      'x-amz-object-lock-mode': 'COMPLIANCE',
      'x-amz-tagging-count': '2',
    };
    const answer = empty(200, there);
    const kept = await openStore(answer, { tags, objectLock });
    await kept.store.settle?.('k');
    expect(kept.requests).toHaveLength(1);
    const plain = await openStore(answer);
    await plain.store.settle?.('k');
    expect(plain.requests).toHaveLength(0);
  });

  it('says that an object is stored when it could not be locked', async () => {
    const answer = onHead(empty(200), xml(403, errorBody('AccessDenied')));
    const { store } = await openStore(answer, { objectLock });
    const error = await failureOf(store.settle?.('k') ?? Promise.resolve());
    expect(error).toMatchObject({ code: 'STORE_DENIED', operation: 'lock' });
    expect(error.advice).toMatch(/^It is stored, but not locked\. .*s3:PutObjectRetention/);
  });
});
