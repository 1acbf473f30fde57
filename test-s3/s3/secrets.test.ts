import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  endAgent,
  fingerprintOf,
  makeGpgKey,
  makeTestKeys,
  secretOf,
  type TestKeys,
} from '../../test/filters/test-keys.ts';
import { type Cli, createCli, type Outcome } from '../main/run-cli.ts';
import { createTestDataset } from '../main/test-dataset.ts';
import { createSecondKey, s3Server } from '../s3.ts';
import { createTestPool, type TestPool } from '../zfs/test-pool.ts';
import { type CliStore, createCliStore } from './cli-store.ts';

/** What children may be started; each leaves the arguments of every process of the machine in a file. */
const CHILDREN = ['zfs', 'pigz', 'age', 'gpg', 'gpg-agent', 'cat'];

let keys: TestKeys;
let pool: TestPool;
let job: CliStore;
let cli: Cli;
let arguments_: string;
let dataset: string;
/** By what they are. */
const secrets = new Map<string, string>();
let said = '';

beforeAll(async () => {
  keys = await makeTestKeys();
  pool = await createTestPool();
  job = await createCliStore();
  arguments_ = join(keys.folder, 'arguments');
  const data = await createTestDataset(pool, 'data');
  await data.snapshot('daily-1');
  await data.snapshot('daily-2');
  dataset = data.name;
  const { accessKeyId, secretAccessKey } = await createSecondKey();
  const passphrase = `passphrase-${randomBytes(8).toString('hex')}`;
  const sseKey = randomBytes(32).toString('base64');
  secrets.set('S3_SECRET', secretAccessKey);
  secrets.set('the passphrase of gpg', passphrase);
  secrets.set('the identity of age', await secretOf(keys.identityFile));
  secrets.set('the key of SSE-C', sseKey);
  const locked = join(keys.folder, 'locked');
  await makeGpgKey(locked, 'locked@example.org', passphrase);
  await writeFile(join(keys.folder, 'passphrase'), passphrase, { mode: 0o600 });
  await writeFile(join(keys.folder, 'sse-key'), sseKey, { mode: 0o600 });
  const file = join(keys.folder, 'zfs3backup.conf');
  const lines = [
    '[main]',
    ...[`BUCKET=${job.bucket}`, `ENDPOINT=${s3Server().endpoint}`],
    ...[`S3_KEY_ID=${accessKeyId}`, `S3_SECRET=${secretAccessKey}`],
    ...[`FILESYSTEM=${dataset}`, 'SNAPSHOT_PREFIX=daily', 'LOG_LEVEL=trace', 'MAX_RETRIES=1'],
    ...[`AGE_RECIPIENTS=${keys.recipient}`, `AGE_IDENTITY_FILE=${keys.identityFile}`],
    ...[`GPG_RECIPIENTS=${await fingerprintOf(locked, 'locked@example.org')}`, `GPG_HOME=${locked}`],
    `GPG_PASSPHRASE_FILE=${join(keys.folder, 'passphrase')}`,
  ];
  await writeFile(file, lines.join('\n'), { mode: 0o600 });
  cli = await spying(await createCli({ SKIP_CONFIG_FILE: '', ZFS3BACKUP_CONFIG: file }));
});
afterAll(async () => {
  await endAgent(join(keys.folder, 'locked'));
  await keys.close();
});

async function spying(plain: Cli): Promise<Cli> {
  let spied = plain;
  for (const name of CHILDREN) {
    const { stdout: real } = await execa('which', [name], { reject: false });
    const look = `for f in /proc/[0-9]*/cmdline; do tr '\\0' ' ' < $f; echo; done >> ${arguments_} 2>/dev/null`;
    spied = await spied.withProgram(name, `#!/bin/sh\n${look}\nexec ${real || name} "$@"\n`);
  }
  return spied;
}

/** Whoever it was that said it. */
async function heard(outcome: Promise<Outcome>): Promise<Outcome> {
  const { status, stdout, stderr } = await outcome;
  said += stdout + stderr;
  return { status, stdout, stderr };
}

function findSecrets(text: string): readonly string[] {
  const spellings = (secret: string) => [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64').slice(0, -4),
    Buffer.from(secret).toString('hex'),
  ];
  return [...secrets]
    .filter(([, secret]) => spellings(secret).some((one) => text.includes(one)))
    .map(([name]) => name);
}

const trace = ['--log-level', 'trace'];

describe('no secret is printed, at any log level', () => {
  it.each([
    ['backup', ['--dry-run', '--encryptor', 'age']],
    ['backup', ['--dry-run', '--encryptor', 'gpg', '--json']],
    ['backup', ['--encryptor', 'age', '--compressor', 'pigz1', '--snapshot', 'daily-1']],
    ['backup', ['--encryptor', 'gpg', '--log-format', 'json']],
    ['status', []],
    ['status', ['--json']],
    ['restore', ['daily-2', '--to', 'POOL/back', '--dry-run']],
    ['restore', ['daily-2', '--to', 'POOL/back']],
    ['restore', ['daily-1', '--stdout']],
    ['verify', ['--level', '2']],
    ['reindex', []],
    ['cleanup', ['--dry-run']],
    ['prune', ['--keep', '1', '--dry-run']],
    ['release', ['--dry-run']],
  ])('by %s %j', async (command, words) => {
    const given = words.map((word) => word.replace('POOL', pool.name));
    const outcome = await heard(cli.zfs3backup(command, ...given, ...trace));
    expect([outcome.stderr, outcome.status]).toEqual([expect.any(String), 0]);
  });

  it('by doctor, whatever it finds', async () => {
    for (const words of [[], ['--json']]) {
      const { stdout } = await heard(cli.with({ ENCRYPTOR: 'age' }).zfs3backup('doctor', ...words, ...trace));
      expect(stdout).toContain('age');
    }
  });

  it('by pput and zfs3backup_get, with a key of SSE-C', async () => {
    const ssec = cli.with({ ZFS3BACKUP_S3_SSE_C_KEY_FILE: join(keys.folder, 'sse-key') });
    expect(await heard(ssec.run('pput', 'by/key', ...trace, '--', 'cat', '/etc/hostname'))).toMatchObject({
      status: 0,
    });
    expect(await heard(ssec.run('zfs3backup_get', 'by/key', ...trace))).toMatchObject({ status: 0 });
  });

  it('when the store refuses the key of SSE-C', async () => {
    await writeFile(join(keys.folder, 'wrong-key'), randomBytes(32).toString('base64'), { mode: 0o600 });
    const ssec = cli.with({ ZFS3BACKUP_S3_SSE_C_KEY_FILE: join(keys.folder, 'wrong-key') });
    secrets.set('the wrong key of SSE-C', await readFile(join(keys.folder, 'wrong-key'), 'utf8'));
    expect((await heard(ssec.run('zfs3backup_get', 'by/key', ...trace))).status).toBe(1);
  });

  it('when a secret does not fit', async () => {
    secrets.set('a wrong S3_SECRET', 'quite+wrong/secret=');
    for (const level of ['trace', 'info']) {
      const outcome = await heard(
        cli.with({ S3_SECRET: 'quite+wrong/secret=' }).zfs3backup('status', '--log-level', level),
      );
      expect(outcome).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('secret key does not fit'),
      });
    }
  });

  it('when it comes from the environment or files of AWS, with a session token', async () => {
    const home = join(keys.folder, 'home');
    await mkdir(join(home, '.aws'), { recursive: true });
    for (const [name, secret] of [
      ['the secret of the environment', 'environment-secret-of-aws'],
      ['a session token', 'session-token-of-aws'],
      ['the secret of a file', 'file-secret-of-aws'],
    ] as const)
      secrets.set(name, secret);
    const file = '[default]\naws_access_key_id = AKIDFILE\naws_secret_access_key = file-secret-of-aws\n';
    await writeFile(join(home, '.aws/credentials'), file);
    const own = {
      ZFS3BACKUP_CONFIG: '',
      SKIP_CONFIG_FILE: 'true',
      BUCKET: job.bucket,
      ENDPOINT: s3Server().endpoint,
    };
    const env = {
      ...{ AWS_ACCESS_KEY_ID: 'AKIDENV', AWS_SECRET_ACCESS_KEY: 'environment-secret-of-aws' },
      AWS_SESSION_TOKEN: 'session-token-of-aws',
    };
    for (const more of [{ HOME: home }, env]) {
      expect((await heard(cli.with({ ...own, ...more }).zfs3backup('status', ...trace))).status).toBe(1);
    }
  });

  it('when the key of a backup is not the one that is here', async () => {
    const wrong = join(keys.folder, 'wrong-identity');
    await execa('age-keygen', ['-o', wrong]);
    secrets.set('a wrong identity', await secretOf(wrong));
    await writeFile(join(keys.folder, 'wrong-passphrase'), 'wrong-passphrase-of-gpg');
    secrets.set('a wrong passphrase', 'wrong-passphrase-of-gpg');
    for (const words of [
      ['--age-identity-file', wrong],
      ['--gpg-passphrase-file', join(keys.folder, 'wrong-passphrase')],
    ]) {
      // It remembers the right one.
      await endAgent(join(keys.folder, 'locked'));
      const outcome = await heard(
        cli.zfs3backup('restore', 'daily-2', '--to', `${pool.name}/never`, ...words, ...trace),
      );
      expect(outcome).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('cannot be decrypted here'),
      });
      await expect(pool.zfs('list', `${pool.name}/never`)).rejects.toThrow('does not exist');
    }
  });

  it('when it stands where none belongs', async () => {
    const misplaced = 'misplaced-secret-word';
    secrets.set('a misplaced secret', misplaced);
    for (const words of [
      ['--store', `s3://KEYID:${misplaced}@bucket/prefix`],
      ['--bucket', `KEYID:${misplaced}@bucket`],
      ['--store', `KEYID:${misplaced}@bucket`],
      ['--endpoint', `https://KEYID:${misplaced}@s3.example.com`],
      ['--endpoint', `https://KEYID:${misplaced}@s3 example`],
      ['--endpoint', `KEYID:${misplaced}@s3.example.com`],
      ['--age-recipients', `AGE-SECRET-KEY-${misplaced}`],
      ['--s3-secret', misplaced],
      [`--s3-secret=${misplaced}`],
    ]) {
      const outcome = await heard(cli.zfs3backup('backup', ...words, ...trace));
      expect([words, outcome.status]).toEqual([words, 2]);
    }
    for (const env of [{ ZFS3BACKUP_SSE_C_KEY: misplaced }, { ZFS3BACKUP_S3_SECRET: `${misplaced}\u0007` }]) {
      await heard(cli.with(env).zfs3backup('status', ...trace));
    }
    const file = join(keys.folder, 'broken.conf');
    for (const line of [`S3_SECRET ${misplaced}`, `S3_SECRETT=${misplaced}`, `S3_SECRET="${misplaced}`]) {
      await writeFile(file, `[main]\n${line}\n`);
      expect((await heard(cli.zfs3backup('status', '--config', file))).status).toBe(2);
    }
  });

  afterAll(() => rm(arguments_, { force: true }));

  it('and none was an argument of any program', async () => {
    expect(said.length).toBeGreaterThan(5000);
    expect(findSecrets(said)).toEqual([]);
    // Ours, so that it is known that they were looked at.
    const seen = (await readFile(arguments_, 'utf8')).replaceAll('misplaced-secret-word', '');
    for (const program of [
      'age --encrypt',
      'age --decrypt',
      'gpg --batch',
      'zfs send',
      'pigz -1',
      'cat /etc/hostname',
    ]) {
      expect(seen).toContain(program);
    }
    expect(findSecrets(seen)).toEqual([]);
  });
});
