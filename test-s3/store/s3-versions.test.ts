import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ObjectStore, Versions } from '../../src/store/object-store.ts';
import { upload } from '../../src/transfer/upload.ts';
import { createBucket, createLimitedUser, openTestStore, setVersioning } from '../s3.ts';

let bucket: string;
let store: ObjectStore;
let versions: Versions;
beforeAll(async () => {
  bucket = await createBucket();
  store = openTestStore(bucket);
  versions = store.versions as Versions;
});
afterAll(() => store.close());

const put = (key: string, text: string) =>
  store.put(key, Buffer.from(text), { metadata: { isfull: 'true', text } });

describe('a bucket that keeps versions', () => {
  it('tells whether it does', async () => {
    expect(await versions.readState()).toBe('off');
    await setVersioning(bucket, 'Enabled');
    expect(await versions.readState()).toBe('on');
    await setVersioning(bucket, 'Suspended');
    expect(await versions.readState()).toBe('suspended');
    await setVersioning(bucket, 'Enabled');
  });

  it('shows what was deleted, with the newest version, and brings it back', async () => {
    const key = 'p/tank/a b+c%@ü';
    await put(key, 'old');
    await put(key, 'new one');
    await put('p/tank/a b+c%@üx', 'another');
    expect(await versions.listDeleted('p/')).toEqual([]);
    await store.remove(key);
    const [deleted, ...more] = await versions.listDeleted('p/');
    expect(more).toEqual([]);
    expect(deleted).toMatchObject({ key, bytes: 7 });
    expect(deleted?.deletedAt.getTime()).toBeGreaterThanOrEqual(deleted?.modifiedAt.getTime() ?? 0);
    if (deleted === undefined) return;
    const info = await versions.headDeleted(deleted);
    expect(info).toMatchObject({ key, bytes: 7, metadata: { text: 'new one' } });
    await versions.undelete(key);
    expect(await store.head(key)).toMatchObject({ bytes: 7, metadata: { text: 'new one' } });
    expect(await versions.listDeleted('p/')).toEqual([]);
  });

  // Ceph 16 obeys If-None-Match in other buckets only: nothing but looking before is left
  it('replaces no backup, for it is looked for before', async () => {
    const key = 'w/once';
    const source = (text: string) =>
      (async function* () {
        yield Buffer.from(text);
      })();
    await upload({ store, key, source: source('first'), ifExists: 'fail' });
    const second = upload({ store, key, source: source('second'), ifExists: 'fail' });
    await expect(second).rejects.toMatchObject({ code: 'BACKUP_EXISTS' });
    expect(await store.head(key)).toMatchObject({ bytes: 5 });
  });

  it('brings back what was deleted twice, and leaves alone what is there', async () => {
    const key = 'q/twice';
    await put(key, 'once');
    await store.remove(key);
    await store.remove(key);
    expect(await versions.listDeleted('q/')).toHaveLength(1);
    await versions.undelete(key);
    expect(await store.head(key)).toBeDefined();
    await versions.undelete(key);
    expect(await store.head(key)).toBeDefined();
    await versions.undelete('q/never');
    expect(await store.head('q/never')).toBeUndefined();
  });

  it('finds them all behind the first page', async () => {
    const keys = Array.from({ length: 1100 }, (_, at) => `many/${String(at).padStart(4, '0')}`);
    const each = async (work: (key: string) => Promise<unknown>) => {
      for (let at = 0; at < keys.length; at += 50) await Promise.all(keys.slice(at, at + 50).map(work));
    };
    await each((key) => put(key, 'x'));
    await each((key) => store.remove(key));
    expect((await versions.listDeleted('many/')).map(({ key }) => key)).toEqual(keys);
  }, 120_000);

  it('says what is missing when it may not be asked', async () => {
    const other = await createBucket();
    const credentials = await createLimitedUser(other, ['s3:ListBucket']);
    const limited = openTestStore(other, { credentials });
    await expect(limited.versions?.readState()).rejects.toMatchObject({
      code: 'STORE_DENIED',
      advice: expect.stringContaining('s3:GetBucketVersioning'),
    });
    await expect(limited.versions?.listDeleted('p/')).rejects.toMatchObject({
      code: 'STORE_DENIED',
      advice: expect.stringContaining('s3:ListBucketVersions'),
    });
    limited.close();
  });
});
