import { describe, expect, it } from 'vitest';
import { load, problemsOf, warningsOf } from './config-file.ts';

describe('warnings', () => {
  it('tell of keys that only z3 had', async () => {
    const loaded = await load('[main]\nHOST=s3-eu-west-1.amazonaws.com\nGPG_RECIPIENT=me\n');
    expect(warningsOf(loaded)).toEqual([
      'zfs3backup.conf:2: HOST is not used: ENDPOINT and REGION say where the server is',
      expect.stringContaining('zfs3backup.conf:3: GPG_RECIPIENT is not used'),
    ]);
    expect(warningsOf(await load('[main]\nhost=x\nENDPOINT=https://x\n'))).toHaveLength(1);
    expect(await problemsOf(load('[main]\nHOST=s3.example.com\n'))).toEqual([
      'zfs3backup.conf:2: HOST is not used any more: write ENDPOINT=https://s3.example.com',
    ]);
    expect(await problemsOf(load('[main]\nHOST=http://minio.local\n'))).toEqual([
      'zfs3backup.conf:2: HOST is not used any more: write ENDPOINT=http://minio.local',
    ]);
    expect(await problemsOf(load('[main]\nCOMPRESSOR=gpg\n'))).toEqual([
      expect.stringContaining('a [compressor:gpg] section with compress= and decompress= would define it'),
    ]);
  });

  it('tell of a key that stands twice; the later line counts', async () => {
    const loaded = await load('[main]\nS3_PREFIX=a/\nBUCKET=b\n[main]\ns3_prefix=c\n');
    expect(loaded.config.store).toEqual({ kind: 's3', bucket: 'b', prefix: 'c/' });
    expect(warningsOf(loaded)).toEqual([
      'zfs3backup.conf:5: S3_PREFIX is also set at zfs3backup.conf:2; the later line counts',
    ]);
  });

  it('tell of a quote that is not closed', async () => {
    const loaded = await load('[main]\nS3_PREFIX="a\nSEND_FLAGS=-c\n');
    expect(loaded.config).toMatchObject({ sendFlags: ['-c'] });
    expect(warningsOf(loaded)).toEqual([
      'zfs3backup.conf:2: S3_PREFIX: the quote in front is not closed, so it is taken for a part of the value',
    ]);
  });

  it('tell of one of a pair of keys that hides that of another place', async () => {
    const text = '[main]\nS3_KEY_ID=id\nS3_SECRET=hush\n';
    expect(warningsOf(await load(text, { env: { S3_KEY_ID: 'other' } }))).toEqual([
      'environment S3_KEY_ID: hides one of a pair: S3_KEY_ID is that of environment S3_KEY_ID, S3_SECRET that of zfs3backup.conf:3',
    ]);
    expect(warningsOf(await load(text, { env: { S3_KEY_ID: 'other', S3_SECRET: 'x' } }))).toEqual([]);
    // the secret kept out of the file on purpose
    expect(warningsOf(await load('[main]\nS3_KEY_ID=id\n', { env: { S3_SECRET: 'x' } }))).toEqual([]);
  });

  it('tell of what Python would have put in', async () => {
    expect(warningsOf(await load('[main]\nS3_PREFIX=%(bucket)s/x\n'))).toEqual([
      'zfs3backup.conf:2: S3_PREFIX: %(…)s is taken literally, nothing is put in its place',
    ]);
  });

  it('tell of a common variable that wins over the file, and of a misspelt one', async () => {
    const env = { REGION: 'x', PROFILE: 'p', ZFS3BACKUP_BUKET: 'b', ZFS3BACKUP_TEST_ROOT: '1' };
    const loaded = await load('[main]\nREGION=y\nPROFILE=p\n', { env });
    expect(loaded.config.region).toBe('x');
    expect(warningsOf(loaded)).toEqual([
      'environment ZFS3BACKUP_BUKET: is not read; did you mean ZFS3BACKUP_BUCKET?',
      'environment REGION: wins over zfs3backup.conf:2; write ZFS3BACKUP_REGION if that is meant, or unset it',
    ]);
  });

  it('tell of a profile that was asked for and is not used, because of keys', async () => {
    const text = '[main]\nPROFILE=p\nS3_KEY_ID=id\nS3_SECRET=hush\n';
    expect(warningsOf(await load(text))).toEqual([]);
    expect(warningsOf(await load(text, { flags: { 'aws-profile': 'x' } }))).toEqual([
      '--aws-profile: is not used: S3_KEY_ID and S3_SECRET (zfs3backup.conf:3) go before a profile; leave them out for it',
    ]);
    const env = { S3_KEY_ID: 'id', S3_SECRET: 'hush' };
    expect(warningsOf(await load('', { env, flags: { 'aws-profile': 'x' } }))).toHaveLength(1);
    expect(warningsOf(await load('', { flags: { 'aws-profile': 'x' } }))).toEqual([]);
  });
});
