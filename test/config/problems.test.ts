import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folder, load, problemsOf } from './config-file.ts';

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
      'zfs3backup.conf:2: unknown key BUKET in [main]; the nearest known one is BUCKET',
      'zfs3backup.conf:3: CHUNK_SIZE: `5X` is not a size: write 5M, 1G, 1.5T, 5MiB or a number of bytes',
      'zfs3backup.conf:4: CONCURRENCY: `0` is too small: the least is 1',
      'zfs3backup.conf:5: QUIET: `maybe` is neither true nor false',
      'zfs3backup.conf:6: LOG_LEVEL: `loud` is none of trace, debug, info, warn, error, fatal, silent',
      'zfs3backup.conf:7: ENDPOINT: is neither `aws` nor a URL that starts with http:// or https://: write https://s3.example.com',
      'zfs3backup.conf:8: is neither KEY=value nor a [section] nor a comment',
      'zfs3backup.conf:10: BUCKET cannot be set in [fs:tank]: it belongs in [main]; a dataset may have SNAPSHOT_PREFIX, SEND_FLAGS, RAW, BOOKMARKS, HOLDS, COMPRESSOR, ENCRYPTOR, AGE_RECIPIENTS, AGE_RECIPIENTS_FILE, GPG_RECIPIENTS, GPG_KEYID, KEEP, S3_STORAGE_CLASS',
      'zfs3backup.conf:11: unknown key COMPRESOR in [fs:tank]; the nearest known one is COMPRESSOR',
      expect.stringContaining('zfs3backup.conf:12: unknown compressor gzpi; the nearest known one is gzip'),
      'zfs3backup.conf:13: unknown section [mian]; the nearest known one is [main]',
      'zfs3backup.conf:15: [compressor:x] has no compress= line: both directions are needed',
      'zfs3backup.conf:15: [compressor:x] has no decompress= line: both directions are needed',
      'zfs3backup.conf:16: unknown key compres in [compressor:x]; the nearest known one is compress',
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
    ]);
  });

  it('name a key of [main] that stands in the section of a dataset, and where it belongs', async () => {
    expect(await problemsOf(load('[fs:tank]\nENDPIONT=aws\nCOMPRESOR=x\n'))).toEqual([
      'zfs3backup.conf:2: unknown key ENDPIONT in [fs:tank]; the nearest known one is ENDPOINT, which belongs in [main]',
      'zfs3backup.conf:3: unknown key COMPRESOR in [fs:tank]; the nearest known one is COMPRESSOR',
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
      'STORE=s3://id:hu/hush@b/x\n',
      'ENDPOINT=https://b/x?secret=hush\n',
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

  it('arise from a part size that the store does not take, and from too little memory', async () => {
    expect(await problemsOf(load('[main]\nBUCKET=b\nCHUNK_SIZE=1M\nMAX_MEMORY=1\n'))).toEqual([
      'zfs3backup.conf:3: CHUNK_SIZE: A part of 1 MiB is not possible: the store takes parts of 5 MiB to 2047 MiB',
      'zfs3backup.conf:4: MAX_MEMORY: `1` is too small: the least is 5M',
    ]);
    expect(await problemsOf(load('[main]\nSTORE=file:///x\nCHUNK_SIZE=1M\n'))).toHaveLength(1);
    const small = await load('[main]\nBUCKET=b\nCHUNK_SIZE=1M\nS3_MIN_PART_SIZE=1M\n');
    expect(small.config.chunkSize).toBe(1024 ** 2);
  });

  it('arise from a key file for SSE-C, beside all others', async () => {
    const text = '[main]\nBUKET=b\nBUCKET=b\nS3_SSE=AES256\n';
    const own = (name: string) => `${text}S3_SSE_C_KEY_FILE=${folder}/${name}\n`;
    const others = [
      'zfs3backup.conf:2: unknown key BUKET in [main]; the nearest known one is BUCKET',
      'zfs3backup.conf:5: S3_SSE_C_KEY_FILE and S3_SSE (zfs3backup.conf:4) exclude each other: keep one of them',
    ];
    expect(await problemsOf(load(own('none')))).toEqual([
      ...others,
      'zfs3backup.conf:5: S3_SSE_C_KEY_FILE: none does not exist',
    ]);
    await writeFile(join(folder, 'key'), 'hush');
    expect(await problemsOf(load(own('key')))).toEqual([
      ...others,
      expect.stringContaining(
        'zfs3backup.conf:5: S3_SSE_C_KEY_FILE: key holds no key: 32 bytes are wanted, raw or in base64. Make one:',
      ),
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

  it('arise from a line of arguments in one pair of quotes', async () => {
    const section = '[compressor:x]\ncompress="xz -T0 -c"\ndecompress="/opt/my tools/xz"\n';
    expect(await problemsOf(load(section))).toEqual([
      'zfs3backup.conf:2: compress: `xz -T0 -c` is one word with blanks in it: leave out the quotes',
    ]);
    expect(await problemsOf(load('[main]\nAGE_RECIPIENTS="age1x age1y"\n'))).toEqual([
      'zfs3backup.conf:2: AGE_RECIPIENTS: two keys are within one pair of quotes, which only SSH keys need',
    ]);
  });

  it('name the section of a dataset by the key that z3 had for it', async () => {
    expect(await problemsOf(load('[filesystem:tank]\n'))).toEqual([
      'zfs3backup.conf:1: unknown section [filesystem:tank]; the nearest known one is [fs:tank]',
    ]);
  });

  it('arise from an unknown compressor, whose hint never switches something off', async () => {
    const named = async (text: string) => (await problemsOf(load(`[main]\n${text}\n`))).join('\n');
    expect(await named('COMPRESSOR=nope')).toMatch(/nearest known one is (?!none)/);
    expect(await named('COMPRESSOR=noe')).toMatch(/nearest known one is (?!none)/);
    expect(await named('ENCRYPTOR=nome')).toMatch(/nearest known one is (?!none)/);
    expect(await named('COMPRESSOR=gpg\nGPG_RECIPIENT=me')).toContain(
      'zfs3backup.conf:2: unknown compressor gpg; to encrypt write ENCRYPTOR=gpg and GPG_RECIPIENTS, which GPG_RECIPIENT of z3 does not set (a [compressor:gpg] section',
    );
    expect(await named('COMPRESSOR=age')).toContain('to encrypt write ENCRYPTOR=age and AGE_RECIPIENTS (a');
  });

  it('arise from send flags that are the plan’s business', async () => {
    const flags = (text: string) => problemsOf(load(`[main]\nSEND_FLAGS=${text}\n`));
    expect(await flags('-nvP -c tank@x -i --saved')).toEqual([
      'zfs3backup.conf:2: SEND_FLAGS: -nvP changes what is sent, which the plan decides',
      'zfs3backup.conf:2: SEND_FLAGS: `tank@x` is not a flag',
      'zfs3backup.conf:2: SEND_FLAGS: -i changes what is sent, which the plan decides',
      'zfs3backup.conf:2: SEND_FLAGS: --saved changes what is sent, which the plan decides',
    ]);
    expect(await flags('"-c -L -e"')).toEqual([
      'zfs3backup.conf:2: SEND_FLAGS: `-c -L -e` is one flag with blanks in it: leave out the quotes',
    ]);
    expect((await load('[main]\nSEND_FLAGS=-cLe -w --raw\n')).config.sendFlags).toEqual([
      '-cLe',
      '-w',
      '--raw',
    ]);
  });

  it('arise from names that are no dataset', async () => {
    expect(await problemsOf(load('[fs:tank@x]\n'))).toEqual([
      'zfs3backup.conf:1: [fs:tank@x]: `tank@x` is a snapshot: a dataset has no @',
    ]);
    expect(await problemsOf(load('[fs:/tank/a]\n[fs:tank/a/]\n[fs:-a]\n[fs:/]\n'))).toEqual([
      'zfs3backup.conf:1: [fs:/tank/a]: `/tank/a` is not a dataset: write tank/a',
      'zfs3backup.conf:2: [fs:tank/a/]: `tank/a/` is not a dataset: write tank/a',
      'zfs3backup.conf:3: [fs:-a]: `-a` is not a dataset: no name starts with -',
      'zfs3backup.conf:4: [fs:/]: `/` is not a dataset: it has no name',
    ]);
    expect(await problemsOf(load('[main]\nFILESYSTEM=tank//a\n'))).toEqual([
      'zfs3backup.conf:2: FILESYSTEM: `tank//a` is not a dataset: write tank/a',
    ]);
    expect(await problemsOf(load('', { flags: { dataset: 'tank@x' } }))).toEqual([
      '--dataset: `tank@x` is a snapshot: a dataset has no @',
    ]);
    expect(await problemsOf(load('', { flags: { filesystem: '-r' } }))).toEqual([
      '--filesystem: `-r` is not a dataset: no name starts with -',
    ]);
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
