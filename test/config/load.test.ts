import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { demandDataset, demandStore } from '../../src/config/demand.ts';
import { type LoadedConfig, type LoadOptions, loadConfig } from '../../src/config/load.ts';
import { ConfigError, exitStatusOf } from '../../src/errors.ts';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zfs3backup-config-'));
  file = join(folder, 'zfs3backup.conf');
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function load(text: string, options: LoadOptions = {}): Promise<LoadedConfig> {
  await writeFile(file, text, { mode: 0o600 });
  return loadConfig({ env: {}, searchFiles: [file], ...options });
}

/** `where: message` of each problem; the file's folder is left out. */
async function problemsOf(loading: Promise<unknown>): Promise<string[]> {
  const error = await loading.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ConfigError);
  expect(exitStatusOf(error)).toBe(2);
  const { problems } = error as ConfigError;
  return problems.map(({ where, message }) => `${where}: ${message}`.replaceAll(`${folder}/`, ''));
}

function warningsOf(loaded: LoadedConfig): string[] {
  return loaded.warnings.map(({ where, message }) => `${where}: ${message}`.replaceAll(`${folder}/`, ''));
}

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

describe('the file', () => {
  const named = '[main]\nBUCKET=named\n';

  it('is --config, else ZFS3BACKUP_CONFIG, else the first that exists', async () => {
    await writeFile(join(folder, 'a'), '[main]\nBUCKET=a\n');
    await writeFile(join(folder, 'b'), '[main]\nBUCKET=b\n');
    const bucket = async (options: LoadOptions) => {
      const { config, file: used } = await load(named, options);
      return [config.store, used];
    };
    const store = (name: string) => ({ kind: 's3', bucket: name, prefix: 'zfs3backup-backup/' });
    const env = { ZFS3BACKUP_CONFIG: join(folder, 'b') };
    expect(await bucket({ flags: { config: join(folder, 'a') }, env })).toEqual([
      store('a'),
      join(folder, 'a'),
    ]);
    expect(await bucket({ env })).toEqual([store('b'), join(folder, 'b')]);
    const searchFiles = [join(folder, 'none'), join(file, 'below'), file, join(folder, 'a')];
    expect(await bucket({ searchFiles })).toEqual([store('named'), file]);
    expect(await bucket({ searchFiles: [] })).toEqual([undefined, undefined]);
  });

  it('is not read with SKIP_CONFIG_FILE=true', async () => {
    for (const word of ['true', 'True', '1']) {
      const env = { SKIP_CONFIG_FILE: word, ZFS3BACKUP_CONFIG: join(folder, 'none') };
      const loaded = await load(named, { env });
      expect(loaded).toMatchObject({ file: undefined, warnings: [], config: { store: undefined } });
    }
    const loaded = await load(named, { env: { SKIP_CONFIG_FILE: 'true' }, flags: { config: file } });
    expect(loaded.config.store).toBeUndefined();
    expect(warningsOf(loaded)).toEqual(['--config: is not read: SKIP_CONFIG_FILE is set']);
    expect((await load(named, { env: { SKIP_CONFIG_FILE: 'false' } })).file).toBe(file);
    expect(await problemsOf(load(named, { env: { SKIP_CONFIG_FILE: 'maybe' } }))).toEqual([
      'environment SKIP_CONFIG_FILE: `maybe` is neither true nor false',
    ]);
  });

  it('that was named and cannot be read is an error', async () => {
    const none = join(folder, 'none');
    expect(await problemsOf(load(named, { flags: { config: none } }))).toEqual([
      '--config: none cannot be read (ENOENT)',
    ]);
    expect(await problemsOf(load(named, { env: { ZFS3BACKUP_CONFIG: folder } }))).toEqual([
      `environment ZFS3BACKUP_CONFIG: ${folder} cannot be read (EISDIR)`,
    ]);
    expect(await problemsOf(load(named, { flags: { config: '' } }))).toEqual([
      '--config: names no file, or more than one',
    ]);
  });

  it('that was found and cannot be read is an error', async () => {
    await mkdir(join(folder, 'd'));
    expect(await problemsOf(load(named, { searchFiles: [join(folder, 'd'), file] }))).toEqual([
      'd: cannot be read (EISDIR); SKIP_CONFIG_FILE=true does without it',
    ]);
  });

  it.each([0o640, 0o604, 0o660])('that holds a secret gets a warning with mode %o', async (mode) => {
    const secret = '[main]\nS3_KEY_ID=id\nS3_SECRET=hush\n';
    await writeFile(file, secret);
    await chmod(file, mode);
    const loaded = await loadConfig({ env: {}, flags: { config: file } });
    expect(warningsOf(loaded)).toEqual([
      `zfs3backup.conf: holds S3_SECRET and is open to other users (mode 0${mode.toString(8)}): chmod 600 zfs3backup.conf`,
    ]);
    await chmod(file, 0o600);
    expect((await loadConfig({ env: {}, flags: { config: file } })).warnings).toEqual([]);
    await writeFile(file, '[main]\nS3_KEY_ID=\nS3_SECRET=\n');
    await chmod(file, mode);
    expect((await loadConfig({ env: {}, flags: { config: file } })).warnings).toEqual([]);
  });

  it('of z3 without S3_PREFIX gets a warning, for z3 had another default', async () => {
    const z3 = join(folder, 'z3.conf');
    await writeFile(z3, '[main]\nBUCKET=b\nCONCURRENCY=64\n');
    const loaded = await loadConfig({ env: {}, searchFiles: [z3] });
    expect(warningsOf(loaded)).toEqual([expect.stringContaining('write S3_PREFIX=z3-backup/')]);
    expect((await loadConfig({ env: { S3_PREFIX: 'x' }, searchFiles: [z3] })).warnings).toEqual([]);
  });
});

describe('problems', () => {
  it('are told all at once, with file and line, flag or variable', async () => {
    const text =
      '[main]\nBUKET=b\nCHUNK_SIZE=5X\nCONCURRENCY=0\nQUIET=maybe\nLOG_LEVEL=loud\nENDPOINT=s3.example.com\n' +
      'nonsense\n[fs:tank]\nBUCKET=b\nCOMPRESOR=gzip\nCOMPRESSOR=gzpi\n[mian]\nX=1\n[compressor:x]\ncompres=x\n' +
      '[fs:]\n[tank/data]\n[fsx:tank]\n';
    const options = {
      env: { MAX_RETRIES: 'many', ZFS3BACKUP_CHUNK_SIZE: '-1', ENDPOINT: 'mine' },
      flags: { 'log-format': 'xml', region: '', bucket: ['a', 'b'], unknown: true, concurrency: 2.5 },
    };
    expect(await problemsOf(load(text, options))).toEqual([
      'zfs3backup.conf:8: is neither KEY=value nor a [section] nor a comment',
      'zfs3backup.conf:2: unknown key BUKET in [main]; the nearest known one is BUCKET',
      'zfs3backup.conf:3: CHUNK_SIZE: `5X` is not a size: write 5M, 1G, 1.5T, 5MiB or a number of bytes',
      'zfs3backup.conf:4: CONCURRENCY: `0` is too small: the least is 1',
      'zfs3backup.conf:5: QUIET: `maybe` is neither true nor false',
      'zfs3backup.conf:6: LOG_LEVEL: `loud` is none of trace, debug, info, warn, error, fatal, silent',
      'zfs3backup.conf:7: ENDPOINT: is neither `aws` nor a URL that starts with http:// or https://: write https://s3.example.com',
      'zfs3backup.conf:10: BUCKET cannot be set in [fs:tank]: it belongs in [main]; a dataset may have SNAPSHOT_PREFIX, SEND_FLAGS, RAW, BOOKMARKS, HOLDS, COMPRESSOR, ENCRYPTOR, AGE_RECIPIENTS, AGE_RECIPIENTS_FILE, GPG_RECIPIENTS, GPG_KEYID, KEEP, S3_STORAGE_CLASS',
      'zfs3backup.conf:11: unknown key COMPRESOR in [fs:tank]; the nearest known one is COMPRESSOR',
      'zfs3backup.conf:13: unknown section [mian]; the nearest known one is [main]',
      'zfs3backup.conf:16: unknown key compres in [compressor:x]; the nearest known one is compress',
      'zfs3backup.conf:15: [compressor:x] has no compress= line: both directions are needed',
      'zfs3backup.conf:15: [compressor:x] has no decompress= line: both directions are needed',
      'zfs3backup.conf:17: unknown section [fs:]; the nearest known one is [fs:DATASET]',
      'zfs3backup.conf:18: unknown section [tank/data]; the nearest known one is [fs:tank/data]',
      'zfs3backup.conf:19: unknown section [fsx:tank]; the nearest known one is [fs:tank]',
      "environment ENDPOINT: is neither `aws` nor a URL that starts with http:// or https://: write https://mine (if this variable is another program's, set ZFS3BACKUP_ENDPOINT)",
      'environment ZFS3BACKUP_CHUNK_SIZE: `-1` is not a size: write 5M, 1G, 1.5T, 5MiB or a number of bytes',
      "environment MAX_RETRIES: `many` is not a whole number (if this variable is another program's, set ZFS3BACKUP_MAX_RETRIES)",
      '--bucket: is given 2 times: once is meant',
      '--region: is empty',
      '--concurrency: `2.5` is not a whole number',
      '--log-format: `xml` is none of pretty, json',
      expect.stringContaining('zfs3backup.conf:12: unknown compressor gzpi; the nearest known one is gzip'),
    ]);
  });

  it('name the nearest key for special names of JavaScript too', async () => {
    const problems = await problemsOf(
      load('[main]\n__proto__=x\nconstructor=y\n[__proto__]\nA=1\n[toString]\n'),
    );
    expect(problems).toHaveLength(4);
    for (const problem of problems)
      expect(problem).toMatch(/:\d: unknown (key|section) .*; the nearest known one is /);
  });

  it('never repeat a secret', async () => {
    const texts = [
      'S3_SECRET=hush\n',
      'S3_KEY_ID=id\nS3_SECRET="hu\\nsh"\n',
      'STORE=s3://id:hush@b\n',
      'ENDPOINT=http://a:hush@b\n',
    ];
    for (const text of texts) {
      const problems = await problemsOf(load(`[main]\n${text}`));
      expect(problems).toHaveLength(1);
      expect(problems.join()).not.toMatch(/hush|hu\nsh/);
    }
  });

  it('arise from contradictions about the store in one layer', async () => {
    expect(await problemsOf(load('[main]\nSTORE=s3://a\nBUCKET=b\n'))).toEqual([
      'zfs3backup.conf:3: BUCKET contradicts STORE (zfs3backup.conf:2): keep one of them',
    ]);
    expect(await problemsOf(load('[main]\nBUCKET=b\nSTORE=file:///x\n'))).toEqual([
      'zfs3backup.conf:2: BUCKET contradicts STORE (zfs3backup.conf:3): keep one of them',
    ]);
    expect(await problemsOf(load('[main]\nSTORE=s3://a/p\nBUCKET=a\nS3_PREFIX=q\n'))).toEqual([
      'zfs3backup.conf:4: S3_PREFIX contradicts the path of STORE (zfs3backup.conf:2): keep one of them',
    ]);
    expect(await problemsOf(load('', { flags: { store: 's3://a', bucket: 'b' } }))).toEqual([
      '--bucket: BUCKET contradicts STORE (--store): keep one of them',
    ]);
  });

  it('arise from half of a pair', async () => {
    expect(await problemsOf(load('[main]\nS3_KEY_ID=id\n'))).toEqual([
      'zfs3backup.conf:2: S3_KEY_ID is set, but S3_SECRET is not: both are needed',
    ]);
    expect(await problemsOf(load('[main]\n', { env: { S3_SECRET: 'hush' } }))).toEqual([
      'environment S3_SECRET: S3_SECRET is set, but S3_KEY_ID is not: both are needed',
    ]);
    expect(await problemsOf(load('[main]\nS3_SSE=AES256\nS3_SSE_KMS_KEY_ID=k\n'))).toEqual([
      'zfs3backup.conf:3: S3_SSE_KMS_KEY_ID needs S3_SSE=aws:kms',
    ]);
  });

  it('arise from an empty S3_PREFIX, which z3 took for the root', async () => {
    expect(await problemsOf(load('[main]\nBUCKET=b\nS3_PREFIX=\n'))).toEqual([
      'zfs3backup.conf:3: S3_PREFIX: is empty: write / for the root of the bucket, or leave it out',
    ]);
    const { config } = await load('[main]\nBUCKET=b\nS3_PREFIX=/\n');
    expect(config.store).toEqual({ kind: 's3', bucket: 'b', prefix: '' });
  });

  it('arise from a compressor that cannot be', async () => {
    const both = 'compress=a\ndecompress=b\n';
    expect(
      await problemsOf(
        load(
          `[compressor:zstd]\n${both}[compressor:a b]\n${both}[compressor:x]\n${both}[compressor:x]\n${both}` +
            '[compressor:y]\ncompress=a | b\ndecompress=\n',
        ),
      ),
    ).toEqual([
      'zfs3backup.conf:1: the compressor zstd is built in: choose another name',
      'zfs3backup.conf:4: `a b` cannot name a compressor: use letters, digits and . _ + -',
      'zfs3backup.conf:10: [compressor:x] stands in this file twice',
      expect.stringContaining('zfs3backup.conf:14: compress: no shell reads this line'),
      'zfs3backup.conf:15: decompress is empty: name a program and its arguments',
    ]);
  });

  it('arise from send flags that are the plan’s business', async () => {
    const flags = (text: string) => problemsOf(load(`[main]\nSEND_FLAGS=${text}\n`));
    expect(await flags('-nvP -c tank@x -i --saved')).toEqual([
      'zfs3backup.conf:2: SEND_FLAGS: -nvP changes what is sent, which the plan decides',
      'zfs3backup.conf:2: SEND_FLAGS: `tank@x` is not a flag',
      'zfs3backup.conf:2: SEND_FLAGS: -i changes what is sent, which the plan decides',
      'zfs3backup.conf:2: SEND_FLAGS: --saved changes what is sent, which the plan decides',
    ]);
    expect((await load('[main]\nSEND_FLAGS=-cLe -w --raw\n')).config.sendFlags).toEqual([
      '-cLe',
      '-w',
      '--raw',
    ]);
  });

  it('arise from names that are no dataset', async () => {
    expect(await problemsOf(load('[fs:tank@x]\n'))).toEqual([
      'zfs3backup.conf:1: [fs:tank@x] names a snapshot: a section is for a dataset',
    ]);
    expect(await problemsOf(load('', { flags: { dataset: 'tank@x' } }))).toEqual([
      '--dataset: `tank@x` is a snapshot: a dataset has no @',
    ]);
    expect(await problemsOf(load('', { flags: { filesystem: '-r' } }))).toEqual([
      '--filesystem: `-r` is not a dataset: no name starts with -',
    ]);
  });
});

describe('the store', () => {
  const storeOf = async (text: string, options: LoadOptions = {}) => (await load(text, options)).config.store;

  it('is STORE, or BUCKET with S3_PREFIX', async () => {
    expect(await storeOf('[main]\nBUCKET=b\n')).toEqual({
      kind: 's3',
      bucket: 'b',
      prefix: 'zfs3backup-backup/',
    });
    expect(await storeOf('[main]\nBUCKET=b\nS3_PREFIX=/x\n')).toEqual({
      kind: 's3',
      bucket: 'b',
      prefix: 'x/',
    });
    expect(await storeOf('[main]\nSTORE=s3://b\nS3_PREFIX=x\n')).toEqual({
      kind: 's3',
      bucket: 'b',
      prefix: 'x/',
    });
    expect(await storeOf('[main]\nSTORE=s3://b/p\n')).toEqual({ kind: 's3', bucket: 'b', prefix: 'p/' });
    expect(await storeOf('[main]\nSTORE=file:///a b\nS3_PREFIX=x\n')).toEqual({
      kind: 'directory',
      path: '/a b',
      prefix: 'x/',
    });
  });

  it('may be said twice when both mean the same', async () => {
    const store = await storeOf('[main]\nSTORE=s3://b/p\nBUCKET=b\nS3_PREFIX=p\n');
    expect(store).toEqual({ kind: 's3', bucket: 'b', prefix: 'p/' });
  });

  it('follows the higher layer', async () => {
    const text = '[main]\nSTORE=s3://a/p\n';
    expect(await storeOf(text, { flags: { bucket: 'b' } })).toEqual({
      kind: 's3',
      bucket: 'b',
      prefix: 'zfs3backup-backup/',
    });
    expect(await storeOf(text, { flags: { bucket: 'a' } })).toEqual({
      kind: 's3',
      bucket: 'a',
      prefix: 'p/',
    });
    expect(await storeOf(text, { flags: { 's3-prefix': 'q' } })).toEqual({
      kind: 's3',
      bucket: 'a',
      prefix: 'q/',
    });
    expect(await storeOf('[main]\nBUCKET=b\nS3_PREFIX=q\n', { flags: { store: 's3://a/p' } })).toEqual({
      kind: 's3',
      bucket: 'a',
      prefix: 'p/',
    });
    const env = { BUCKET: 'b', ZFS3BACKUP_STORE: 'file:///x' };
    expect(await storeOf(text, { env })).toEqual({
      kind: 'directory',
      path: '/x',
      prefix: 'zfs3backup-backup/',
    });
  });

  it('is asked for by the commands that need one', async () => {
    const { config } = await load('[main]\n');
    expect(() => demandStore(config, file)).toThrow(ConfigError);
    expect(() => demandStore(config, file)).toThrow('configuration: no store is named');
    try {
      demandStore(config, file);
    } catch (error) {
      const { advice } = error as ConfigError;
      for (const way of ['--store', '--bucket', 'ZFS3BACKUP_STORE', 'BUCKET', 'STORE=', file]) {
        expect(advice).toContain(way);
      }
    }
    expect(() => demandDataset(config)).toThrow('configuration: no dataset is named');
    const named = await load('[main]\nBUCKET=b\nFILESYSTEM=tank\n');
    expect(demandStore(named.config).kind).toBe('s3');
    expect(demandDataset(named.config)).toBe('tank');
  });
});

describe('the server and its credentials', () => {
  it('leaves path style to the provider unless it is told', async () => {
    const style = async (text: string) => (await load(`[main]\n${text}\n`)).config.forcePathStyle;
    expect(await style('ENDPOINT=http://127.0.0.1:9000')).toBeUndefined();
    expect(await style('ENDPOINT=http://127.0.0.1:9000\nFORCE_PATH_STYLE=false')).toBe(false);
    expect(await style('FORCE_PATH_STYLE=true')).toBe(true);
  });

  it('goes to the endpoint that other AWS programs go to, where nobody named one', async () => {
    const endpoint = async (text: string, env: Record<string, string>) =>
      (await load(`[main]\n${text}\n`, { env })).config.endpoint;
    const aws = { AWS_ENDPOINT_URL: 'http://general:1' };
    expect(await endpoint('', aws)).toBe('http://general:1');
    expect(await endpoint('', { ...aws, AWS_ENDPOINT_URL_S3: 'http://s3:1' })).toBe('http://s3:1');
    expect(await endpoint('', { ...aws, AWS_ENDPOINT_URL_S3: '' })).toBe('http://general:1');
    expect(await endpoint('ENDPOINT=aws', aws)).toBeUndefined();
    expect(await endpoint('', { ...aws, ENDPOINT: 'http://ours:1' })).toBe('http://ours:1');
    await expect(endpoint('', { AWS_ENDPOINT_URL: 'nonsense' })).rejects.toThrow(
      /environment AWS_ENDPOINT_URL: /,
    );
  });

  it('takes what is said of the provider, and nothing else', async () => {
    const provider = async (text: string) => (await load(`[main]\n${text}\n`)).config.provider;
    expect(await provider('')).toEqual({ limits: {} });
    expect(
      await provider(
        'PROVIDER=MinIO\nS3_CHECKSUM=crc32\nS3_UNSIGNED_PAYLOAD=no\nS3_MAX_PARTS=1000\nS3_MIN_PART_SIZE=8M\n' +
          'S3_MAX_PART_SIZE=1G\nS3_MAX_OBJECT_SIZE=10T\nS3_EQUAL_PARTS=yes\nS3_PARTS_IN_FLIGHT=3\n' +
          'S3_MD5_ETAGS=no\nS3_CONDITIONAL_PUT=yes\nS3_CONDITIONAL_COMPLETE=yes\nS3_DELETE_ONE_BY_ONE=yes\nS3_MIN_BILLED_DAYS=30',
      ),
    ).toEqual({
      name: 'minio',
      checksum: 'crc32',
      unsignedPayload: false,
      md5Etags: false,
      conditionalPut: true,
      conditionalComplete: true,
      deleteOneByOne: true,
      minBilledDays: 30,
      limits: {
        maxParts: 1000,
        minPartBytes: 8 * 1024 ** 2,
        maxPartBytes: 1024 ** 3,
        maxObjectBytes: 10 * 1024 ** 4,
        equalParts: true,
        maxPartsInFlight: 3,
      },
    });
  });

  it('reads tags and a lock, and tells what is wrong with them', async () => {
    const { config } = await load(
      '[main]\nS3_TAGS=purpose=backup, team=a b\nS3_OBJECT_LOCK_MODE=governance\nS3_RETAIN_DAYS=30\n',
    );
    expect(config.tags).toEqual({ purpose: 'backup', team: 'a b' });
    expect(config.objectLock).toEqual({ mode: 'GOVERNANCE', days: 30 });
    for (const [text, message] of [
      ['S3_TAGS=purpose', /is not a tag: write name=value/],
      ['S3_TAGS=a=1,a=2', /the tag a twice/],
      ['S3_TAGS=a=b;c', /a tag has letters/],
      [`S3_TAGS=${Array.from({ length: 11 }, (_, index) => `t${index}=1`).join(',')}`, /has 11 tags/],
      ['S3_OBJECT_LOCK_MODE=COMPLIANCE', /needs S3_RETAIN_DAYS/],
      ['S3_RETAIN_DAYS=3', /needs S3_OBJECT_LOCK_MODE/],
    ] as const) {
      await expect(load(`[main]\n${text}\n`)).rejects.toThrow(message);
    }
  });

  it('may take the key from one layer and the secret from another', async () => {
    const { config } = await load('[main]\nS3_KEY_ID=id\nPROFILE=p\n', { env: { S3_SECRET: 'hush' } });
    expect(config.credentials).toEqual({ accessKeyId: 'id', secretAccessKey: 'hush' });
    expect(JSON.stringify(config)).not.toContain('hush');
    expect({ ...config.credentials }).toEqual({ accessKeyId: 'id', secretAccessKey: 'hush' });
  });
});

describe('one mistake', () => {
  it('is told once: what follows from it is not', async () => {
    expect(await problemsOf(load('[main]\nS3_SSE=kms\nS3_SSE_KMS_KEY_ID=k\n'))).toHaveLength(1);
    expect(await problemsOf(load('[main]\nSTORE=/x\nBUCKET=b\n'))).toHaveLength(1);
    const compressor = '[main]\nCOMPRESSOR=x\n[compressor:x]\ncompress=a\n';
    expect(await problemsOf(load(compressor))).toEqual([
      'zfs3backup.conf:3: [compressor:x] has no decompress= line: both directions are needed',
    ]);
  });
});

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
});
