import { describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { openStore, started, xml } from './answering-server.ts';
import { keysOf } from './read-back.ts';
import { failureOf } from './store-failure.ts';

interface Case {
  readonly root: string;
  /** What a page holds, and where it says that the next one begins. */
  readonly entry: string;
  readonly marker: (at: string) => string;
  /** The name of the marker in a request. */
  readonly asks: string;
  /** What is listed, and how many. */
  readonly read: (store: ObjectStore) => Promise<number>;
  readonly words: RegExp;
}

const tag = (name: string, text: string) => `<${name}>${text}</${name}>`;
const LISTINGS: Readonly<Record<string, Case>> = {
  objects: {
    root: 'ListBucketResult',
    entry: tag('Contents', tag('Key', 'k')),
    marker: (at) => tag('NextContinuationToken', at),
    asks: 'continuation-token',
    read: async (store) => (await keysOf(store, 'p/')).length,
    words: /cannot list s3:\/\/b\/p\/ at http:/,
  },
  uploads: {
    root: 'ListMultipartUploadsResult',
    entry: tag('Upload', tag('Key', 'k') + tag('UploadId', 'u')),
    marker: (at) => tag('NextKeyMarker', at) + tag('NextUploadIdMarker', 'u'),
    asks: 'key-marker',
    read: async (store) => (await store.openUploads('p/')).length,
    words: /cannot list the uploads under s3:\/\/b\/p\/ at http:/,
  },
  parts: {
    root: 'ListPartsResult',
    entry: tag('Part', tag('PartNumber', '1') + tag('ETag', 'e')),
    marker: (at) => tag('NextPartNumberMarker', at),
    asks: 'part-number-marker',
    read: async (store) => (await (await store.startUpload('k')).listParts()).length,
    words: /cannot list the parts of s3:\/\/b\/k at http:/,
  },
  versions: {
    root: 'ListVersionsResult',
    entry:
      tag('DeleteMarker', tag('Key', 'k') + tag('VersionId', '2') + tag('IsLatest', 'true')) +
      tag('Version', tag('Key', 'k') + tag('VersionId', '1')),
    marker: (at) => tag('NextKeyMarker', at) + tag('NextVersionIdMarker', '1'),
    asks: 'key-marker',
    read: async (store) => (await store.versions?.listDeleted('p/'))?.length ?? 0,
    words: /cannot list the versions under s3:\/\/b\/p\/ at http:/,
  },
};

/** `next` tells where the page behind `at` says that the next one begins; `undefined` for the end. */
async function read(name: string, next: (at: string) => string | undefined) {
  const { root, entry, marker, asks, read, words } = LISTINGS[name] as Case;
  const { store, requests } = await openStore((request, response) => {
    if (request.method === 'POST') return started(request, response);
    if (requests.length > 20) return response.destroy();
    const at = next(new URL(request.url, 'http://s3').searchParams.get(asks) ?? '');
    const end = at === undefined ? tag('IsTruncated', 'false') : tag('IsTruncated', 'true') + marker(at);
    xml(200, tag(root, entry + end))(request, response);
  });
  const pages = () => requests.filter(({ method }) => method === 'GET').length;
  return { done: read(store), pages, words };
}

describe.each(Object.keys(LISTINGS))('a listing of %s', (name) => {
  it('is read to its end', async () => {
    const { done, pages } = await read(name, (at) => ({ '': '7', '7': '8' })[at]);
    // the same version of the same key three times over is one
    expect(await done).toBe(name === 'versions' ? 1 : 3);
    expect(pages()).toBe(3);
  });

  it('is not taken for whole where it is longer and does not say where it goes on', async () => {
    const { done, pages, words } = await read(name, () => '');
    const error = await failureOf(done);
    expect(error).toMatchObject({ code: 'STORE_FAILED', retryable: false });
    expect(error.message).toMatch(words);
    expect(error.message).toContain('not where it goes on');
    expect(pages()).toBe(1);
  });

  it.each([
    ['nothing', ''],
    ['space', ' \n'],
    ['a page', '<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body/></html>'],
    ['something else', '<InitiateMultipartUploadResult/>'],
  ])('is not taken for empty where the answer is %s', async (_, text) => {
    const { read, words } = LISTINGS[name] as Case;
    const { store } = await openStore((request, response) =>
      request.method === 'POST' ? started(request, response) : response.writeHead(200).end(text),
    );
    const error = await failureOf(read(store));
    expect(error).toMatchObject({ code: 'STORE_FAILED', status: 200, storeCode: undefined });
    expect(error.message).toMatch(words);
    expect(error.message).toMatch(/the store answered 200: (nothing in it|no listing)$/);
  });

  it('is empty where it says so, whatever stands before it', async () => {
    const { root, read } = LISTINGS[name] as Case;
    const text = `<?xml version="1.0"?>\n<!-- a > b -->\n<s3:${root} xmlns:s3="http://s3"></s3:${root}>`;
    const { store } = await openStore((request, response) =>
      request.method === 'POST' ? started(request, response) : response.writeHead(200).end(text),
    );
    expect(await read(store)).toBe(0);
  });

  it.each([
    ['there', () => '7', 2],
    ['where it was before', (at: string) => (at === '7' ? '8' : '7'), 3],
  ])('ends where each page leads %s', async (_, next, expected) => {
    const { done, pages, words } = await read(name, next);
    const error = await failureOf(done);
    expect(error).toMatchObject({ code: 'STORE_FAILED', retryable: false });
    expect(error.message).toMatch(words);
    expect(pages()).toBe(expected);
  });
});
