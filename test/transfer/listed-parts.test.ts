import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../src/logger.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { findOpenUpload } from '../../src/transfer/open-upload.ts';
import { empty, errorBody, xml } from '../store/answering-server.ts';
import { failureOf } from '../store/store-failure.ts';
import { KEY, listUploads, metadata } from './listed-uploads.ts';

const find = (store: ObjectStore) =>
  findOpenUpload({ store, key: KEY, metadata, resume: true, force: false, logger: silentLogger });

describe('an upload that is listed and gone', () => {
  it('keeps nobody from backing up, and its note goes', async () => {
    const { store, noteKeys } = await listUploads(['ghost']);
    expect(await find(store)).toBeUndefined();
    expect(await noteKeys()).toEqual([]);
  });

  it('is gone also where the answer has no body', async () => {
    const { store } = await listUploads(['ghost'], empty(404));
    expect(await find(store)).toBeUndefined();
  });

  it('keeps nobody from going on with another one', async () => {
    const { store, noteKeys } = await listUploads(['ghost', 'real', 'ghost-2']);
    const found = await find(store);
    expect(found?.upload.uploadId).toBe('real');
    expect(found?.parts.size).toBe(1);
    expect(await noteKeys()).toEqual([found?.noteKey]);
  });

  it.each([
    [404, 'NoSuchBucket', 'NO_SUCH_BUCKET'],
    [403, 'AccessDenied', 'STORE_DENIED'],
    [503, 'SlowDown', 'STORE_FAILED'],
  ])('is not what %d %s says', async (status, storeCode, code) => {
    const { store } = await listUploads(['ghost'], xml(status, errorBody(storeCode)));
    expect(await failureOf(find(store))).toMatchObject({ code, storeCode });
  });
});
