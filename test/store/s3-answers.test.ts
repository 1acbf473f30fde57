import { describe, expect, it } from 'vitest';
import { PROVIDERS } from '../../src/store/providers.ts';
import type { S3StoreOptions } from '../../src/store/s3-context.ts';
import {
  type Answer,
  empty,
  emptyListing,
  errorBody,
  onHead,
  openStore,
  type Request,
  xml,
} from './answering-server.ts';
import { all, keysOf } from './read-back.ts';
import { failureOf } from './store-failure.ts';

describe('what the store answers', () => {
  it.each([
    [500, 'InternalError', 'STORE_FAILED', true],
    [502, 'BadGateway', 'STORE_FAILED', true],
    [503, 'SlowDown', 'STORE_FAILED', true],
    [503, 'ServiceUnavailable', 'STORE_FAILED', true],
    [504, 'GatewayTimeout', 'STORE_FAILED', true],
    [429, 'TooManyRequests', 'STORE_FAILED', true],
    [400, 'RequestTimeout', 'STORE_FAILED', true],
    [409, 'OperationAborted', 'STORE_FAILED', true],
    [403, 'RequestTimeTooSkewed', 'STORE_DENIED', true],
    [403, 'AccessDenied', 'STORE_DENIED', false],
    [403, 'SomethingNew', 'STORE_DENIED', false],
    [400, 'ExpiredToken', 'STORE_DENIED', false],
    [401, 'Unauthorized', 'STORE_DENIED', false],
    [400, 'InvalidArgument', 'STORE_FAILED', false],
    [400, 'EntityTooSmall', 'STORE_FAILED', false],
    [404, 'NoSuchBucket', 'NO_SUCH_BUCKET', false],
    [404, 'NoSuchKey', 'NO_SUCH_KEY', false],
    [404, 'NoSuchUpload', 'STORE_FAILED', false],
    [412, 'PreconditionFailed', 'MISMATCH', false],
    [501, 'NotImplemented', 'STORE_FAILED', false],
  ])('%d %s is %s, retryable: %s', async (status, storeCode, code, retryable) => {
    const { store, requests } = await openStore(xml(status, errorBody(storeCode)));
    const error = await failureOf(store.get('tank/a@1'));
    expect(error).toMatchObject({ code, status, storeCode, retryable, operation: 'get', key: 'tank/a@1' });
    expect(error.settled).toBe(![502, 504].includes(status));
    expect(error.message).toContain('s3://b/tank/a@1');
    expect(error.message).not.toContain('\n');
    expect(requests).toHaveLength(1);
  });

  it('may say when to come back', async () => {
    const { store } = await openStore(xml(503, errorBody('SlowDown'), { 'retry-after': '7' }));
    expect(await failureOf(store.get('k'))).toMatchObject({ retryAfterMs: 7000 });
  });

  it('may be a page of some proxy', async () => {
    const page: Answer = (_, response) =>
      response.writeHead(502, { 'content-type': 'text/html' }).end('<html><body>Bad gateway</body></html>');
    const { store } = await openStore(page);
    expect(await failureOf(store.get('k'))).toMatchObject({
      code: 'STORE_FAILED',
      status: 502,
      storeCode: undefined,
      settled: false,
      retryable: true,
    });
  });

  it('is an error also where it is 200 and ends with one', async () => {
    for (const end of ['', '\n']) {
      const { store } = await openStore(xml(200, errorBody('AccessDenied') + end));
      expect(await failureOf(keysOf(store, ''))).toMatchObject({
        ...{ code: 'STORE_DENIED', status: 200, storeCode: 'AccessDenied', retryable: false },
        message: expect.stringContaining('access denied (AccessDenied, 200)'),
      });
    }
  });

  it('has no code that the SDK made up, and none of its hints for developers', async () => {
    const nothing = await failureOf((await openStore(empty(404))).store.get('k'));
    expect(nothing).toMatchObject({ code: 'NO_SUCH_KEY', status: 404, storeCode: undefined });
    const text: Answer = (_, response) => response.writeHead(400).end('{"code":"x"}');
    const noXml = await failureOf((await openStore(text)).store.get('k'));
    expect(noXml).toMatchObject({ status: 400, storeCode: undefined });
    expect(noXml.message).toMatch(/the store answered 400: no XML that could be read, unexpected content$/);
  });

  it('tells on 404 to HEAD by the bucket what is missing', async () => {
    const answer =
      (bucketStatus: number): Answer =>
      (request, response) =>
        response.writeHead(/^\/b\/?(\?|$)/.test(request.url) ? bucketStatus : 404).end();
    expect(await (await openStore(answer(200))).store.head('k')).toBeUndefined();
    expect(await (await openStore(answer(403))).store.head('k')).toBeUndefined();
    expect(await failureOf((await openStore(answer(404))).store.head('k'))).toMatchObject({
      code: 'NO_SUCH_BUCKET',
    });
    expect(await failureOf((await openStore(answer(503))).store.head('k'))).toMatchObject({
      retryable: true,
    });
  });

  it('tells on 404 to HEAD without asking again where the bucket has answered before', async () => {
    const { store, requests } = await openStore((request, response) =>
      response.writeHead(request.method === 'PUT' ? 200 : 404, { etag: '"e"' }).end(),
    );
    await store.put('other', Buffer.from('x'));
    expect(await store.head('k')).toBeUndefined();
    expect(requests.map(({ method }) => method)).toEqual(['PUT', 'HEAD']);
  });

  it.each([
    [403, 'SignatureDoesNotMatch', /secret key does not fit/],
    [403, 'InvalidAccessKeyId', /does not know the access key/],
    [400, 'ExpiredToken', /have expired/],
    [403, 'AccessDenied', /access denied \(403\)/],
  ])('tells on %d to HEAD by a listing that it is %s', async (status, storeCode, words) => {
    const { store, requests } = await openStore(onHead(empty(status), xml(status, errorBody(storeCode))));
    const error = await failureOf(store.head('k'));
    expect(error).toMatchObject({ code: 'STORE_DENIED', status, storeCode, operation: 'head', key: 'k' });
    expect(error.message).toMatch(words);
    expect(requests.map(({ method }) => method)).toEqual(['HEAD', 'GET']);
  });

  it('is 403 to HEAD once more where a listing is allowed', async () => {
    const { store, requests } = await openStore(onHead(empty(403), emptyListing));
    const error = await failureOf(store.head('k'));
    expect(error).toMatchObject({ code: 'STORE_DENIED', status: 403 });
    expect(error.message).toContain('access denied (403)');
    expect(requests.map(({ method }) => method)).toEqual(['HEAD', 'GET', 'HEAD']);
  });

  it('is no denial to HEAD where only the clock was wrong', async () => {
    const skewMs = 3 * 3600_000;
    const theirs = (message: Request['headers']) => {
      const [, at = ''] = /(\d{8}T\d{6}Z)/.exec(String(message['x-amz-date'])) ?? [];
      const iso = at.replace(/(....)(..)(..)T(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z');
      return Math.abs(Date.parse(iso) - Date.now() - skewMs) < 900_000;
    };
    const { store } = await openStore((request, response) => {
      const date = { date: new Date(Date.now() + skewMs).toUTCString() };
      if (!theirs(request.headers)) return response.writeHead(403, date).end();
      if (request.method !== 'HEAD') return xml(200, '<ListBucketResult/>', date)(request, response);
      response.writeHead(200, { ...date, etag: '"e"', 'content-length': '1' }).end();
    });
    expect(await store.head('k')).toMatchObject({ bytes: 1 });
  });

  it('may be a body that breaks off', async () => {
    const { store } = await openStore((_, response) => {
      response.writeHead(200, { 'content-length': '100', etag: '"e"' });
      response.write('half');
      setTimeout(() => response.destroy(), 20);
    });
    const { bytes, chunks } = await store.get('k');
    expect(bytes).toBe(100);
    expect(await failureOf(all(chunks))).toMatchObject({ code: 'STORE_UNREACHABLE', retryable: true });
  });

  it('never brings a secret into an error', async () => {
    const credentials = { accessKeyId: 'AK', secretAccessKey: 'top-secret', sessionToken: 'token-secret' };
    const { store } = await openStore(xml(403, errorBody('AccessDenied')), { credentials });
    const error = await failureOf(store.get('k'));
    const { inspect } = await import('node:util');
    expect(inspect(error, { depth: 10, showHidden: true })).not.toMatch(/top-secret|token-secret|Signature=/);
  });
});

describe('a digest', () => {
  const md5 = '0123456789abcdef0123456789abcdef';
  const session =
    '<CreateSessionResult><Credentials><SessionToken>t</SessionToken><SecretAccessKey>s</SecretAccessKey>' +
    '<AccessKeyId>a</AccessKeyId><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></CreateSessionResult>';
  const head = (headers: Record<string, string>) =>
    onHead(empty(200, { etag: `"${md5}"`, 'content-length': '1', ...headers }), xml(200, session));
  const digestWith = async (headers: Record<string, string>, options: Partial<S3StoreOptions> = {}) =>
    (await (await openStore(head(headers), { provider: PROVIDERS.ceph, ...options })).store.head('k'))
      ?.digest;

  it('is the ETag of a whole object', async () => {
    const expected = { algorithm: 'md5', hex: md5 };
    expect(await digestWith({})).toEqual(expected);
    expect(await digestWith({ 'x-amz-server-side-encryption': 'AES256' })).toEqual(expected);
  });

  it('is not told where the ETag may be something else', async () => {
    expect(await digestWith({ etag: `"${md5}-2"` })).toBeUndefined();
    expect(await digestWith({ 'x-amz-server-side-encryption': 'aws:kms' })).toBeUndefined();
    expect(await digestWith({ 'x-amz-server-side-encryption-customer-algorithm': 'AES256' })).toBeUndefined();
    expect(await digestWith({}, { provider: PROVIDERS.generic })).toBeUndefined();
    expect(await digestWith({}, { bucket: 'b--use1-az4--x-s3' })).toBeUndefined();
  });
});

describe('a listing', () => {
  it('asks for page after page, and decodes keys that come encoded', async () => {
    const page = (key: string, next: string) =>
      `<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>${next !== ''}</IsTruncated>` +
      `<NextContinuationToken>${next}</NextContinuationToken><Contents><Key>${key}</Key><Size>1</Size>` +
      '<ETag>"e"</ETag></Contents></ListBucketResult>';
    const { store, requests } = await openStore((request, response) =>
      xml(200, request.url.includes('continuation-token=t1') ? page('b%2Bc%250A', '') : page('a+b%0A', 't1'))(
        request,
        response,
      ),
    );
    expect(await keysOf(store, '')).toEqual(['a b\n', 'b+c%0A']);
    expect(requests).toHaveLength(2);
  });
});
