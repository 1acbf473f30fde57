import { describe, expect, it } from 'vitest';
import { PROVIDERS, type ProviderName } from '../../src/store/providers.ts';
import {
  type Answer,
  empty,
  errorBody,
  openStore,
  started,
  uploadOne,
  withComplete,
  xml,
} from './answering-server.ts';
import { failureOf } from './store-failure.ts';

describe('the answer to Complete', () => {
  const failureOfComplete = async (answer: Answer) => {
    const { store } = await openStore(withComplete(answer));
    const { upload, parts } = await uploadOne(store);
    const { code, status, storeCode, errno, retryable } = await failureOf(upload.complete(parts));
    return { code, status, storeCode, errno, retryable };
  };

  it.each([
    ['InternalError', '', 'STORE_FAILED', true],
    ['InternalError', '\n', 'STORE_FAILED', true],
    ['SlowDown', '', 'STORE_FAILED', true],
    ['SlowDownWrite', '', 'STORE_FAILED', true],
    ['AccessDenied', '', 'STORE_DENIED', false],
    ['AccessDenied', ' \r\n', 'STORE_DENIED', false],
    ['InvalidPart', '', 'STORE_FAILED', false],
  ])('is 200 with %s in its body%j: %s, retryable: %s', async (storeCode, end, code, retryable) => {
    const failure = await failureOfComplete(xml(200, errorBody(storeCode) + end));
    expect(failure).toEqual({ code, status: 200, storeCode, errno: undefined, retryable });
  });

  const page: Answer = (_, response) => response.end('<html><head/><body>Sign in</body></html>');
  it.each<readonly [string, number, Answer]>([
    ['nothing', 200, empty(200)],
    ['nothing', 204, empty(204)],
    ['space', 200, (_, response) => response.end(' \n')],
    ['half a result', 200, xml(200, '<CompleteMultipartUploadResult><Key>k')],
    ['half an error', 200, xml(200, '<Error><Code>AccessDen')],
    ['an error without a code', 200, xml(200, '<Error><Message>no</Message></Error>')],
    ['a result that names nothing', 200, xml(200, '<CompleteMultipartUploadResult/>')],
    ['a page', 200, page],
    ['no XML', 200, (_, response) => response.end('hello')],
  ])('with %s in its %d is no word of the store', async (_, status, answer) => {
    const failure = await failureOfComplete(answer);
    const expected = { code: 'STORE_FAILED', status, storeCode: undefined, errno: undefined };
    expect(failure).toEqual({ ...expected, retryable: false });
  });

  it.each([
    [302, false],
    [413, false],
    [500, true],
    [503, true],
  ])('of a proxy, %d with a page, has no code of the store', async (status, retryable) => {
    const failure = await failureOfComplete((_, response) =>
      response.writeHead(status, { 'content-type': 'text/html' }).end('<html><body>Sorry</body></html>'),
    );
    expect(failure).toEqual({
      ...{ code: 'STORE_FAILED', status, storeCode: undefined, errno: undefined, retryable },
    });
  });

  it.each<readonly [string, boolean, Answer]>([
    ['ECONNRESET', true, (_, response) => response.socket?.resetAndDestroy()],
    ['HPE_INVALID_CONSTANT', false, (_, response) => response.socket?.end('SSH-2.0-hello\r\n')],
  ])('that never came has an errno: %s', async (errno, retryable, answer) => {
    const failure = await failureOfComplete(answer);
    const expected = { code: 'STORE_UNREACHABLE', status: undefined, storeCode: undefined };
    expect(failure).toEqual({ ...expected, errno, retryable });
  });

  it('has no ETag when the store sends an empty one', async () => {
    const body = '<CompleteMultipartUploadResult><Key>k</Key><ETag></ETag></CompleteMultipartUploadResult>';
    const { store } = await openStore(withComplete(xml(200, body)));
    const { upload, parts } = await uploadOne(store);
    expect(await upload.complete(parts)).toEqual({ etag: undefined });
  });

  it('refuses to replace where the provider can, and only when asked', async () => {
    const asked = async (name: ProviderName, ifAbsent: boolean) => {
      const done = '<CompleteMultipartUploadResult><ETag>"e-1"</ETag></CompleteMultipartUploadResult>';
      const provider = { ...PROVIDERS[name], pathStyle: true };
      const { store, requests } = await openStore(withComplete(xml(200, done)), { provider });
      const { upload, parts } = await uploadOne(store);
      await upload.complete(parts, { ifAbsent });
      return requests.at(-1)?.headers['if-none-match'];
    };
    expect(await asked('aws', true)).toBe('*');
    expect(await asked('r2', true)).toBe('*');
    expect(await asked('aws', false)).toBeUndefined();
    expect(await asked('ceph', true)).toBeUndefined();
    expect(await asked('generic', true)).toBeUndefined();
  });

  it('is not asked for twice', async () => {
    const { store, requests } = await openStore(withComplete(xml(503, errorBody('SlowDown'))));
    const { upload, parts } = await uploadOne(store);
    await failureOf(upload.complete(parts));
    expect(requests.filter(({ method }) => method === 'POST')).toHaveLength(2);
  });
});

describe('an upload', () => {
  it('is never sent without an id, which would overwrite the key', async () => {
    const body = '<InitiateMultipartUploadResult></InitiateMultipartUploadResult>';
    const { store, requests } = await openStore(xml(200, body));
    expect((await failureOf(store.startUpload('k'))).message).toContain('no upload id');
    expect(requests.map(({ method }) => method)).toEqual(['POST']);
  });

  it('fails for a part that the store gave no ETag', async () => {
    const { store } = await openStore((request, response) =>
      request.method === 'PUT' ? response.writeHead(200).end() : started(request, response),
    );
    const upload = await store.startUpload('k');
    expect((await failureOf(upload.putPart(1, Buffer.from('x')))).message).toContain('no ETag for part 1');
  });
});
