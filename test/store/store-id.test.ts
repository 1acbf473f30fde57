import { describe, expect, it } from 'vitest';
import { createDirectoryStore } from '../../src/store/directory-store.ts';
import { openStore } from '../../src/store/open-store.ts';
import { serverName, storeId } from '../../src/store/store-id.ts';

describe('storeId', () => {
  const place = { url: 's3://bucket', prefix: 'p/', server: 'aws' };

  it('is short, and made of what a bookmark may be called', () => {
    expect(storeId(place)).toMatch(/^[0-9a-f]{10}$/);
    // written down on machines: it must not change
    expect(storeId(place)).toBe('ae40b7407e');
  });

  it('differs by server, bucket and prefix', () => {
    const ids = [
      place,
      { ...place, prefix: 'q/' },
      { ...place, url: 's3://bucket2' },
      { ...place, server: 'minio.lan' },
      { url: 'file:///bucket', prefix: 'p/' },
    ].map(storeId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('is the same however the server is spelled', async () => {
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
    const idAt = async (endpoint: string, region = 'eu-west-1') =>
      storeId(await openStore('s3://bucket', { endpoint, region, credentials }));
    expect(await idAt('https://S3.example.com/')).toBe(await idAt('http://s3.example.com'));
    expect(await idAt('https://s3.example.com')).not.toBe(await idAt('https://s3.example.com:9000'));
    expect(await idAt('aws')).toBe(await idAt('https://s3.us-east-2.amazonaws.com', 'us-east-2'));
    expect(await idAt('aws')).not.toBe(await idAt('https://s3.example.com'));
  });

  it('of a directory does not depend on how its path is written', () => {
    const ids = ['/tmp/a', '/tmp/a/', '/tmp/b/../a'].map((path) =>
      storeId(createDirectoryStore({ path, prefix: 'p' })),
    );
    expect(new Set(ids).size).toBe(1);
  });
});

describe('serverName', () => {
  it.each([
    [undefined, 'aws'],
    ['https://s3.dualstack.eu-west-1.amazonaws.com', 'aws'],
    ['https://amazonaws.com.evil.example', 'amazonaws.com.evil.example'],
    ['http://Minio.LAN.:9000/', 'minio.lan:9000'],
    ['https://gw.example.com:443/objects/', 'gw.example.com/objects'],
  ])('of %s is %s', (endpoint, expected) => {
    expect(serverName(endpoint)).toBe(expected);
  });
});
