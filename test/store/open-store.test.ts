import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type OpenStoreOptions, openStore } from '../../src/store/open-store.ts';

describe('openStore', () => {
  it('opens a directory by its URL', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'zfs3backup open '));
    const store = await openStore(`file://${folder.replaceAll(' ', '%20')}`);
    await store.put('k', Buffer.from('x'));
    expect(await store.head('k')).toMatchObject({ bytes: 1 });
    expect(store).toMatchObject({ url: `file://${folder}`, prefix: 'zfs3backup-backup/' });
    await rm(folder, { recursive: true });
  });

  it.each<[string, OpenStoreOptions, string, string]>([
    ['s3://b', {}, 's3://b', 'zfs3backup-backup/'],
    ['s3://b/', {}, 's3://b', 'zfs3backup-backup/'],
    ['s3://b/some/where', {}, 's3://b', 'some/where/'],
    ['s3://b/p/', { prefix: 'q' }, 's3://b', 'p/'],
    ['s3://b', { prefix: 'q' }, 's3://b', 'q/'],
    ['s3://b', { prefix: '' }, 's3://b', ''],
    ['file:///x/y', { prefix: 'q/' }, 'file:///x/y', 'q/'],
  ])('opens %s with %j', async (location, options, url, prefix) => {
    const store = await openStore(location, options);
    expect(store).toMatchObject({ url, prefix });
    store.close();
  });

  it('takes the limits of the provider, and what was said to differ', async () => {
    const endpoint = 'https://s3.fr-par.scw.cloud';
    expect((await openStore('s3://b', { endpoint })).limits.maxParts).toBe(1000);
    const limits = { minPartBytes: 1, maxPartBytes: 2, maxParts: 3, maxObjectBytes: 6 };
    expect((await openStore('s3://b', { endpoint, provider: { limits } })).limits).toEqual({
      ...limits,
      equalParts: false,
      maxPartsInFlight: undefined,
    });
    const one = { name: 'r2', limits: { maxPartsInFlight: 1 } } as const;
    expect((await openStore('s3://b', { endpoint, provider: one })).limits).toMatchObject({
      equalParts: true,
      maxPartsInFlight: 1,
    });
    expect((await openStore('s3://b', { endpoint, provider: 'ceph' })).limits.maxParts).toBe(10_000);
  });

  it.each(['', 'b', '/x', 's3://', 's3:///p', 's3://key:secret@b', 'file://host/x', 'https://host/b'])(
    'refuses %j',
    async (location) => {
      await expect(openStore(location)).rejects.toMatchObject({ code: 'USAGE' });
    },
  );

  it.each(['localhost:9000', 'ftp://x', 'http://'])('refuses the endpoint %j', async (endpoint) => {
    await expect(openStore('s3://b', { endpoint })).rejects.toMatchObject({ code: 'USAGE' });
  });
});
