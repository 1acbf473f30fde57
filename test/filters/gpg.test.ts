import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Zfs3BackupError } from '../../src/errors.ts';
import { chunksOf, collect, thrownBy } from '../stream/fixtures.ts';
import { bodyOf, encrypted, gpg, keys, refusal } from './encryptors.ts';
import { endAgent, fingerprintOf, makeGpgKey } from './test-keys.ts';

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
