import { describe, expect, it } from 'vitest';
import { PROVIDERS, type ProviderName } from '../../src/store/providers.ts';
import { empty, errorBody, openStore, started, uploadOne, withComplete, xml } from './answering-server.ts';
import { failureOf } from './store-failure.ts';

describe('the answer to Complete', () => {
  it.each([
    ['InternalError', '', 'STORE_FAILED'],
    ['InternalError', '\n', 'STORE_FAILED'],
    ['SlowDown', '', 'STORE_FAILED'],
  ])('is an error of unknown outcome when it is 200 with %s in its body%j', async (code, end, expected) => {
    const { store } = await openStore(withComplete(xml(200, errorBody(code) + end)));
    const { upload, parts } = await uploadOne(store);
    expect(await failureOf(upload.complete(parts))).toMatchObject({ code: expected, retryable: true });
  });

  it('is an error of unknown outcome when it is 200 with nothing in it', async () => {
    const { store } = await openStore(withComplete(empty(200)));
    const { upload, parts } = await uploadOne(store);
    expect(await failureOf(upload.complete(parts))).toMatchObject({ retryable: true });
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
