import { describe, expect, it } from 'vitest';
import { type LoadOptions, loadConfig } from '../../src/config/load.ts';
import { load } from './config-file.ts';

describe('the order of layers', () => {
  const text = '[main]\nFILESYSTEM=tank/a\nCOMPRESSOR=gzip\n[fs:tank/a]\nCOMPRESSOR=pigz1\n';

  it('is flags > environment > [fs:DATASET] > [main] > defaults', async () => {
    const compressor = async (given: string, options: LoadOptions = {}) =>
      (await load(given, options)).config.compressor;
    expect(await compressor('[main]\n')).toBe('zstd');
    expect(await compressor('[main]\nCOMPRESSOR=gzip\n')).toBe('gzip');
    expect(await compressor(text)).toBe('pigz1');
    const env = { COMPRESSOR: 'pigz4' };
    expect(await compressor(text, { env })).toBe('pigz4');
    const own = { ...env, ZFS3BACKUP_COMPRESSOR: 'none' };
    expect(await compressor(text, { env: own })).toBe('none');
    expect(await compressor(text, { env: own, flags: { compressor: 'zstd' } })).toBe('zstd');
  });

  it('resolves every per-dataset key for the dataset that is chosen', async () => {
    const perDataset =
      '[main]\nFILESYSTEM=tank/a\nSEND_FLAGS=-c\nS3_STORAGE_CLASS=GLACIER\n' +
      '[fs:tank/a]\nSNAPSHOT_PREFIX=weekly-\n' +
      '[fs:tank/my.data]\nSNAPSHOT_PREFIX=\nCOMPRESSOR=none\nSEND_FLAGS=\nS3_STORAGE_CLASS=STANDARD_IA\n';
    const loaded = await load(perDataset);
    expect(loaded.config).toMatchObject({
      dataset: 'tank/a',
      snapshotPrefix: 'weekly-',
      compressor: 'zstd',
      sendFlags: ['-c'],
      storageClass: 'GLACIER',
    });
    expect(loaded.datasets).toEqual(['tank/a', 'tank/my.data']);
    expect(loaded.configFor('tank/my.data')).toMatchObject({
      dataset: 'tank/my.data',
      snapshotPrefix: '',
      compressor: 'none',
      sendFlags: [],
      storageClass: 'STANDARD_IA',
    });
    const byFlag = await load(perDataset, { flags: { filesystem: 'tank/my.data' } });
    expect(byFlag.config).toEqual(loaded.configFor('tank/my.data'));
    expect(loaded.configFor('tank/my')).toMatchObject({
      snapshotPrefix: 'zfs-auto-snap:daily',
      sendFlags: ['-c'],
    });
  });

  it('has the defaults of the schema', async () => {
    const { config, warnings } = await loadConfig({ env: {}, searchFiles: [] });
    expect(warnings).toEqual([]);
    expect(config).toEqual({
      store: undefined,
      dataset: undefined,
      snapshotPrefix: 'zfs-auto-snap:daily',
      sendFlags: [],
      raw: 'auto',
      bookmarks: true,
      holds: true,
      compressor: 'zstd',
      compressors: [],
      keep: undefined,
      encryptor: 'none',
      encryption: { age: { recipients: [] }, gpg: { recipients: [] }, external: [] },
      endpoint: undefined,
      provider: { limits: {} },
      region: undefined,
      forcePathStyle: undefined,
      credentials: undefined,
      profile: undefined,
      storageClass: undefined,
      sse: undefined,
      sseKmsKeyId: undefined,
      acl: undefined,
      sseCKeyFile: undefined,
      tags: undefined,
      objectLock: undefined,
      chunkSize: undefined,
      concurrency: undefined,
      maxMemory: 256 * 1024 ** 2,
      maxRetries: 10,
      bytesPerSecond: undefined,
      expect: 'any',
      inspect: 'full',
      progress: 'text',
      progressInterval: undefined,
      logLevel: 'info',
      logFormat: 'pretty',
      quiet: false,
    });
  });

  it('reads every setting from a file', async () => {
    const { config } = await load(
      '[main]\nstore=s3://b/p\nfilesystem=tank\nSNAPSHOT_PREFIX="x y"\nSEND_FLAGS=-L "-o"\nCOMPRESSOR=my.xz\n' +
        'RAW=off\nBOOKMARKS=no\nHOLDS=0\nKEEP=3,1d1w\n' +
        'ENDPOINT=https://s3.example.com\nREGION=r\nPROFILE=p\nS3_KEY_ID=id\nS3_SECRET="s;e#c=r et"\n' +
        'S3_STORAGE_CLASS=STANDARD_IA\nS3_SSE=AWS:KMS\nS3_SSE_KMS_KEY_ID=k\nS3_ACL=private\nCHUNK_SIZE=1.5G\nBWLIMIT=10M/s\nPROGRESS=JSON\nPROGRESS_INTERVAL=1.5m\n' +
        'CONCURRENCY=8\nMAX_RETRIES=0\nEXPECT=ZFS\nINSPECT=frames\nLOG_LEVEL=debug\nLOG_FORMAT=json\nQUIET=yes\n' +
        '[compressor:my.xz]\nCompress=xz -T0 "-9 e" ; fast\ndecompress = \'/opt/my tool/xz\' -d\n',
    );
    expect(config).toEqual({
      store: { kind: 's3', bucket: 'b', prefix: 'p/' },
      dataset: 'tank',
      snapshotPrefix: 'x y',
      sendFlags: ['-L', '-o'],
      raw: 'off',
      bookmarks: false,
      holds: false,
      compressor: 'my.xz',
      compressors: [
        { name: 'my.xz', compress: ['xz', '-T0', '-9 e'], decompress: ['/opt/my tool/xz', '-d'] },
      ],
      keep: {
        text: '3,1d1w',
        newest: 3,
        periods: [{ text: '1d1w', every: { amount: 1, unit: 'd' }, during: { amount: 1, unit: 'w' } }],
      },
      encryptor: 'none',
      encryption: { age: { recipients: [] }, gpg: { recipients: [] }, external: [] },
      endpoint: 'https://s3.example.com',
      provider: { limits: {} },
      region: 'r',
      forcePathStyle: undefined,
      credentials: { accessKeyId: 'id', secretAccessKey: 's;e#c=r et' },
      profile: 'p',
      storageClass: 'STANDARD_IA',
      sse: 'aws:kms',
      sseKmsKeyId: 'k',
      acl: 'private',
      sseCKeyFile: undefined,
      tags: undefined,
      objectLock: undefined,
      chunkSize: 1.5 * 1024 ** 3,
      concurrency: 8,
      maxMemory: 256 * 1024 ** 2,
      maxRetries: 0,
      bytesPerSecond: 10 * 1024 ** 2,
      expect: 'zfs',
      inspect: 'frames',
      progress: 'json',
      progressInterval: 90,
      logLevel: 'debug',
      logFormat: 'json',
      quiet: true,
    });
  });

  it('reads new keys from the environment by their prefixed name only', async () => {
    const env = {
      STORE: 's3://x',
      QUIET: '1',
      SEND_FLAGS: '-c',
      LOG_LEVEL: 'debug',
      ZFS3BACKUP_QUIET: 'true',
    };
    const { config } = await loadConfig({ env, searchFiles: [] });
    expect(config).toMatchObject({ store: undefined, quiet: true, sendFlags: [], logLevel: 'info' });
  });

  it('takes an empty variable or line as if it were not there', async () => {
    const { config } = await load('[main]\nBUCKET=\nS3_KEY_ID=\nS3_SECRET=\nCONCURRENCY=3\n', {
      env: { CONCURRENCY: '', FILESYSTEM: ' ' },
    });
    expect(config).toMatchObject({
      store: undefined,
      credentials: undefined,
      concurrency: 3,
      maxMemory: 256 * 1024 ** 2,
      dataset: undefined,
    });
  });

  it('takes an empty SNAPSHOT_PREFIX for all snapshots, as z3 did', async () => {
    expect((await load('[main]\nSNAPSHOT_PREFIX=\n')).config.snapshotPrefix).toBe('');
    const { config } = await load('[main]\n', { flags: { 'snapshot-prefix': '' } });
    expect(config.snapshotPrefix).toBe('');
  });
});
