import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProcessFailedError, Zfs3BackupError } from '../../src/errors.ts';
import { type AgeKeys, createAgeFilter } from '../../src/filters/age.ts';
import type { EncodedBody, Filter } from '../../src/filters/filter.ts';
import { createGpgFilter, type GpgKeys } from '../../src/filters/gpg.ts';
import { createFilterRegistry } from '../../src/filters/registry.ts';
import { childPids, chunksOf, collect, cutAt, failingAfter, thrownBy } from '../stream/fixtures.ts';
import {
  endAgent,
  fingerprintOf,
  makeGpgKey,
  makeIdentity,
  makeTestKeys,
  recipientOf,
  type TestKeys,
} from './test-keys.ts';

let keys: TestKeys;
beforeAll(async () => {
  keys = await makeTestKeys();
});
afterAll(() => keys.close());

const age = (more: AgeKeys = {}) =>
  createAgeFilter({ recipients: [keys.recipient], identityFile: keys.identityFile, ...more });
const gpg = (more: GpgKeys = {}) =>
  createGpgFilter({ recipients: [keys.fingerprint], home: keys.gpgHome, ...more });
const both = [
  ['age', () => age()],
  ['gpg', () => gpg()],
] as const;

function bodyOf(data: Uint8Array): EncodedBody & { readonly asked: () => number } {
  let asked = 0;
  return {
    key: 'z/tank@one',
    readHead: async (bytes) => {
      asked += 1;
      return data.subarray(0, bytes);
    },
    asked: () => asked,
  };
}

function encrypted(filter: Filter, data: Uint8Array): Promise<Buffer> {
  return collect(filter.encode(cutAt(data, [65_536, 1, 200_000])));
}

function damage(data: Uint8Array, at: number): Buffer {
  const copy = Buffer.from(data);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

async function refusal(filter: Filter, data: Uint8Array): Promise<Zfs3BackupError> {
  const error = await thrownBy(() => collect(filter.decode(chunksOf(data))));
  expect(error).toBeInstanceOf(Zfs3BackupError);
  return error as Zfs3BackupError;
}

describe.each(both)('%s', (name, create) => {
  it.each([16, 65_536, 3_000_001])('gives %i bytes back', async (bytes) => {
    const data = randomBytes(bytes);
    const filter = create();
    const encoded = await encrypted(filter, data);
    expect(encoded.includes(data)).toBe(false);
    expect((await collect(filter.decode(cutAt(encoded, [70_000, 1])))).equals(data)).toBe(true);
  });

  it('writes other bytes each time', async () => {
    expect(
      (await encrypted(create(), Buffer.from('x'))).equals(await encrypted(create(), Buffer.from('x'))),
    ).toBe(false);
  });

  it('never ends well when its source fails', async () => {
    const failure = new Error('the source failed');
    for (const bytes of [0, 1, 1_000_000]) {
      const run = () => collect(create().encode(failingAfter(failure, randomBytes(bytes))));
      expect(await thrownBy(run)).toBe(failure);
    }
    expect(await childPids()).toEqual([]);
  });

  it('refuses a body that is cut: at the first and the last bytes, and all over', async () => {
    const encoded = await encrypted(create(), randomBytes(150_000));
    const length = encoded.byteLength;
    const ends = [0, 1, 20, 50, 100, 150, 200, 300, 400, 1000, 8192, 65_536, 65_800, 131_272, 131_305];
    const far = Array.from({ length: 65 }, (_, index) => length - 40 - 1009 * index);
    const last = [1, 2, 15, 16, 17, 18, 19, 20, 21, 22, 23, 40, 100].map((bytes) => length - bytes);
    for (const end of [...ends, ...far, ...last]) {
      const error = await refusal(create(), encoded.subarray(0, end));
      expect([end, error.code]).toEqual([end, 'CORRUPT_STREAM']);
    }
  });

  it('refuses a body with a flipped bit', async () => {
    const encoded = await encrypted(create(), randomBytes(150_000));
    const length = encoded.byteLength;
    for (const at of [0, length / 2, length - 70_000, length - 20_000, length - 30, length - 1].map(
      Math.floor,
    )) {
      expect([at, (await refusal(create(), damage(encoded, at))).code]).toEqual([at, 'CORRUPT_STREAM']);
    }
  });

  it('refuses what follows behind the end, and what is no such body', async () => {
    const encoded = await encrypted(create(), randomBytes(1000));
    for (const data of [Buffer.concat([encoded, Buffer.from('x')]), Buffer.concat([encoded, encoded])]) {
      expect((await refusal(create(), data)).code).toBe('CORRUPT_STREAM');
    }
    for (const data of [Buffer.from('zfs'), Buffer.alloc(5000, 'z'), Buffer.alloc(5000)]) {
      expect((await refusal(create(), data)).code).toBe('CORRUPT_STREAM');
    }
  });

  it('is checked by a few bytes of the body, and a good one is let through', async () => {
    for (const bytes of [1, 100_000, 3_000_000]) {
      const body = bodyOf(await encrypted(create(), randomBytes(bytes)));
      await create().checkDecode?.(body);
      expect(body.asked()).toBe(1);
    }
    await create().checkEncode?.();
    expect(await childPids()).toEqual([]);
  });

  it('calls a damaged head damaged, and says whose', async () => {
    const body = bodyOf(Buffer.alloc(5000, 'z'));
    const error = await thrownBy(async () => create().checkDecode?.(body));
    expect(error).toMatchObject({ code: 'CORRUPT_STREAM', message: expect.stringContaining('z/tank@one') });
  });

  it('tells the version of its program', async () => {
    expect(await create().version?.()).toMatch(new RegExp(`^${name} \\d+\\.\\d+`));
  });
});

describe('age', () => {
  it('says so when another key was meant, before anything is received and while it is', async () => {
    const encoded = await encrypted(age(), randomBytes(100_000));
    const other = age({ identityFile: await makeIdentity(keys.folder, 'other') });
    const wanted = { code: 'FILTER_UNAVAILABLE', advice: expect.stringContaining('AGE_IDENTITY_FILE') };
    const checked = await thrownBy(async () => other.checkDecode?.(bodyOf(encoded)));
    expect(checked).toMatchObject({
      ...wanted,
      message: expect.stringMatching(/z\/tank@one: .*no identity matched/),
    });
    expect(await refusal(other, encoded)).toMatchObject(wanted);
  });

  it.each([
    ['no identity at all', undefined, 'no identity is named'],
    ['a file that is not there', '/nonexistent/identity', 'ENOENT'],
  ])('says so where there is %s, without reading the body', async (_what, identityFile, words) => {
    const filter = createAgeFilter({ ...(identityFile ? { identityFile } : {}) });
    const body = bodyOf(await encrypted(age(), Buffer.from('x')));
    const error = await thrownBy(async () => filter.checkDecode?.(body));
    expect(error).toMatchObject({ code: 'FILTER_UNAVAILABLE', message: expect.stringContaining(words) });
    expect(body.asked()).toBe(0);
  });

  it('encrypts for several: recipients, and those of a file, SSH keys too', async () => {
    const ssh = join(keys.folder, 'ssh');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'me@here', '-f', ssh]);
    const second = await makeIdentity(keys.folder, 'second');
    const file = join(keys.folder, 'recipients');
    const sshKey = execFileSync('cat', [`${ssh}.pub`], { encoding: 'utf8' });
    await writeFile(file, `# the safe\n${await recipientOf(second)}\n\n${sshKey}`);
    const filter = age({ recipientsFile: file });
    const data = randomBytes(1000);
    const encoded = await encrypted(filter, data);
    for (const identityFile of [keys.identityFile, second, ssh]) {
      const back = createAgeFilter({ identityFile }).decode(chunksOf(encoded));
      expect((await collect(back)).equals(data)).toBe(true);
    }
    const shown = execFileSync('ssh-keygen', ['-lf', `${ssh}.pub`], { encoding: 'utf8' }).split(' ')[1];
    expect(await filter.keyIds?.()).toEqual([keys.recipient, await recipientOf(second), shown]);
  });

  it.each([
    ['nobody to encrypt for', { recipients: [] }, 'CONFIG', 'nobody to encrypt for'],
    ['a misspelt recipient', { recipients: ['age1misspelt'] }, 'FILTER_UNAVAILABLE', 'malformed recipient'],
    ['a file that is not there', { recipientsFile: '/nonexistent' }, 'FILTER_UNAVAILABLE', '/nonexistent'],
  ])('says so where there is %s', async (_what, more, code, words) => {
    const error = await thrownBy(async () => age(more).checkEncode?.());
    expect(error).toMatchObject({ code, message: expect.stringContaining(words) });
    expect(await thrownBy(() => encrypted(age(more), Buffer.from('x')))).toBeInstanceOf(Zfs3BackupError);
  });

  it('never hands a private key to a program as an argument, nor repeats it', async () => {
    const secret = 'AGE-SECRET-KEY-1VYAQ06J4ZVVCZAPYKQM6XCHE4DPD96889HF2MDW9800D9QCLJDZSSYFSZU';
    const filter = age({ recipients: [secret] });
    for (const run of [
      () => filter.checkEncode?.(),
      () => encrypted(filter, Buffer.from('x')),
      () => filter.keyIds?.(),
    ]) {
      const outcome = await Promise.resolve(run()).catch((error: unknown) => error);
      expect(JSON.stringify([outcome, String(outcome)])).not.toContain('1VYAQ');
    }
  });
});

describe('gpg', () => {
  const other = async () => {
    const home = join(keys.folder, 'empty');
    await mkdir(home, { mode: 0o700, recursive: true });
    return home;
  };

  it('says so where the key is missing, before anything is received and while it is', async () => {
    const encoded = await encrypted(gpg(), randomBytes(100_000));
    const home = await other();
    const filter = gpg({ home });
    const wanted = { code: 'FILTER_UNAVAILABLE', advice: expect.stringContaining('GPG_HOME') };
    const checked = await thrownBy(async () => filter.checkDecode?.(bodyOf(encoded)));
    expect(checked).toMatchObject({
      ...wanted,
      message: expect.stringMatching(/z\/tank@one: .*No secret key/),
    });
    expect(await refusal(filter, encoded)).toMatchObject(wanted);
    await endAgent(home);
  });

  it('takes the passphrase from a file, and says so where it is wrong or missing', async () => {
    const home = join(keys.folder, 'locked');
    await makeGpgKey(home, 'locked@example.org', 'open sesame');
    await endAgent(home);
    const file = join(keys.folder, 'passphrase');
    await writeFile(file, 'open sesame\n');
    const recipients = ['locked@example.org'];
    const data = randomBytes(1000);
    const encoded = await encrypted(gpg({ home, recipients }), data);
    expect((await collect(gpg({ home, passphraseFile: file }).decode(chunksOf(encoded)))).equals(data)).toBe(
      true,
    );
    await endAgent(home);
    await writeFile(file, 'wrong\n');
    for (const passphraseFile of [file, '/nonexistent/passphrase']) {
      expect((await refusal(gpg({ home, passphraseFile }), encoded)).code).toBe('FILTER_UNAVAILABLE');
    }
    await endAgent(home);
  });

  it('refuses what its exit status lets pass: not encrypted, and not authenticated', async () => {
    const store = (...flags: readonly string[]) =>
      execFileSync('gpg', ['--homedir', keys.gpgHome, '--batch', ...flags], {
        input: randomBytes(3000),
        stdio: ['pipe', 'pipe', 'ignore'],
      });
    const literal = await refusal(gpg(), store('--store'));
    expect(literal).toMatchObject({
      code: 'CORRUPT_STREAM',
      message: expect.stringContaining('not encrypted'),
    });
    const old = store('--rfc2440', '--trust-model', 'always', '-r', keys.userId, '--encrypt');
    expect((await refusal(gpg(), old)).code).toBe('CORRUPT_STREAM');
  });

  it('reads what the Python zfs3backup wrote', async () => {
    const data = randomBytes(200_000);
    const argv = ['--homedir', keys.gpgHome, '--batch', '--trust-model', 'always', '-r', keys.userId, '-e'];
    const theirs = execFileSync('gpg', argv, { input: data, stdio: ['pipe', 'pipe', 'ignore'] });
    expect((await collect(gpg().decode(chunksOf(theirs)))).equals(data)).toBe(true);
  });

  it('tells fingerprints, and refuses a name that two keys have', async () => {
    expect(await gpg().keyIds?.()).toEqual([keys.fingerprint]);
    expect(await gpg({ recipients: [keys.userId, keys.fingerprint] }).keyIds?.()).toEqual([keys.fingerprint]);
    const home = join(keys.folder, 'two');
    await makeGpgKey(home, 'One <same@example.org>');
    const first = await fingerprintOf(home, 'same@example.org');
    await makeGpgKey(home, 'Two <same@example.org>');
    const filter = gpg({ home, recipients: ['same@example.org'] });
    const error = await thrownBy(async () => filter.checkEncode?.());
    expect(error).toMatchObject({
      code: 'FILTER_UNAVAILABLE',
      message: expect.stringContaining('2 keys are called'),
    });
    await gpg({ home, recipients: [first] }).checkEncode?.();
    await endAgent(home);
  });

  it.each([
    ['nobody to encrypt for', [], 'CONFIG', 'nobody to encrypt for'],
    [
      'a recipient that is not in the keyring',
      ['nobody@example.org'],
      'FILTER_UNAVAILABLE',
      'nobody@example.org',
    ],
  ])('says so where there is %s', async (_what, recipients, code, words) => {
    const error = await thrownBy(async () => gpg({ recipients }).checkEncode?.());
    expect(error).toMatchObject({ code });
    expect(`${error}${(error as Zfs3BackupError).advice}`).toContain(
      recipients.length > 0 ? 'GPG_RECIPIENTS' : words,
    );
    expect(await thrownBy(() => encrypted(gpg({ recipients }), Buffer.from('x')))).toBeInstanceOf(
      Zfs3BackupError,
    );
  });
});

describe('filters one behind the other', () => {
  const external = [{ name: 'rot', compress: ['tr', 'a-z', 'b-za'], decompress: ['tr', 'b-za', 'a-z'] }];
  const registry = () =>
    createFilterRegistry([], {
      age: { recipients: [keys.recipient], identityFile: keys.identityFile },
      gpg: { recipients: [keys.fingerprint], home: keys.gpgHome },
      external,
    });
  const key = 'z/tank@one';

  it.each([
    ['zstd', 'age'],
    ['gzip', 'gpg'],
    ['pigz1', 'age'],
    ['zstd', 'rot'],
    [undefined, 'age'],
    ['rot', undefined],
  ])('compress with %s, then encrypt with %s, and back', async (compressor, encryptor) => {
    const data = Buffer.from('some text, again and again; '.repeat(20_000));
    const chain = registry().encoderOf({ compressor, encryptor });
    const encoded = await collect(chain?.encode(cutAt(data, [70_000])) ?? chunksOf());
    if (compressor !== 'rot' && compressor) expect(encoded.byteLength).toBeLessThan(20_000);
    const back = registry().decoderOf({ key, compressor, encryptor });
    expect((await collect(back?.decode(cutAt(encoded, [3000])) ?? chunksOf())).equals(data)).toBe(true);
    const body = bodyOf(encoded);
    await registry().checkDecoder({ key, compressor, encryptor }, body.readHead);
    expect(body.asked()).toBe(encryptor === 'age' || encryptor === 'gpg' ? 1 : 0);
  });

  it('show what a person would type, in the order of the pipe', () => {
    const chain = registry().decoderOf({ key, compressor: 'gzip', encryptor: 'age' });
    expect(chain?.commands).toEqual({
      encode: [
        ['gzip', '-6'],
        ['age', '--encrypt', '--recipient', keys.recipient],
      ],
      decode: [
        ['age', '--decrypt', '--identity', keys.identityFile],
        ['gzip', '-d'],
      ],
    });
  });

  it('describe themselves for the record, with names of keys and never a key', async () => {
    const chain = registry().encoderOf({ compressor: 'zstd', encryptor: 'age' });
    expect(await chain?.describe()).toEqual([
      { name: 'zstd', version: expect.stringMatching(/^zstd 1\./) },
      { name: 'age', version: expect.stringMatching(/^age /), keyIds: [keys.recipient] },
    ]);
    expect(await registry().encoderOf({ compressor: 'rot', encryptor: undefined })?.describe()).toEqual([
      { name: 'rot', version: null },
    ]);
  });

  it('are nothing where nothing was done', () => {
    for (const none of [undefined, 'none', 'None']) {
      expect(registry().decoderOf({ key, compressor: none, encryptor: none })).toBeUndefined();
      expect(registry().encoderOf({ compressor: none, encryptor: none })).toBeUndefined();
    }
  });

  it('are refused where the encryptor is not known, and never taken for plain', () => {
    const stored = { key, compressor: 'zstd', encryptor: 'rage' };
    expect(() => registry().decoderOf(stored)).toThrow(
      expect.objectContaining({
        code: 'UNKNOWN_FILTER',
        message: expect.stringContaining('z/tank@one is encrypted with rage'),
        advice: expect.stringContaining('[filter:rage]'),
      }),
    );
  });

  it('are checked for their programs without starting them', async () => {
    const missing = {
      name: 'odd',
      compress: ['no-such-program', '-e'],
      decompress: ['no-such-program', '-d'],
    };
    const filters = createFilterRegistry([], { external: [missing] });
    const stored = { key, compressor: undefined, encryptor: 'odd' };
    for (const run of [
      () => filters.checkDecoder(stored, async () => Buffer.alloc(0)),
      () => filters.encoderOf(stored)?.checkEncode(),
    ]) {
      const error = await thrownBy(async () => run());
      expect(error).toBeInstanceOf(ProcessFailedError);
      expect(error).toMatchObject({
        code: 'PROGRAM_MISSING',
        command: expect.arrayContaining(['no-such-program']),
      });
    }
  });
});
