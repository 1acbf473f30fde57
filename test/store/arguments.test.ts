import { describe, expect, it } from 'vitest';
import { openStore } from '../../src/store/open-store.ts';

describe('the arguments that name a store to our own programs', () => {
  it.each([
    ['s3://bucket', {}, ['--store', 's3://bucket']],
    [
      's3://bucket/prefix',
      { endpoint: 'http://127.0.0.1:9', region: 'r', profile: 'p', forcePathStyle: true },
      ['--store', 's3://bucket', '--endpoint', 'http://127.0.0.1:9', '--region', 'r', '--aws-profile', 'p'],
    ],
    [
      's3://bucket',
      { endpoint: 'https://host', forcePathStyle: false },
      ['--store', 's3://bucket', '--endpoint', 'https://host', '--force-path-style=false'],
    ],
    ['file:///tmp/a%20b%25', {}, ['--store', 'file:///tmp/a%20b%25']],
  ])('%s with %j', async (location, options, expected) => {
    const store = await openStore(location, options);
    expect(store.arguments).toEqual(expected);
    store.close();
  });

  it('say how pput is to store, and never a secret', async () => {
    const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'SECRETEXAMPLE' };
    const wishes = { sse: 'aws:kms', sseKmsKeyId: 'alias/backup', acl: 'private' };
    const store = await openStore('s3://bucket', { credentials, ...wishes });
    expect(store.putArguments).toEqual([
      ...['--sse', 'aws:kms', '--sse-kms-key-id', 'alias/backup'],
      ...['--acl', 'private'],
    ]);
    expect(JSON.stringify([store.arguments, store.putArguments])).not.toMatch(/EXAMPLE/);
    store.close();
  });
});
