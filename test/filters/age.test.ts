import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Zfs3BackupError } from '../../src/errors.ts';
import { createAgeFilter } from '../../src/filters/age.ts';
import { chunksOf, collect, thrownBy } from '../stream/fixtures.ts';
import { age, bodyOf, encrypted, keys, refusal } from './encryptors.ts';
import { makeIdentity, recipientOf } from './test-keys.ts';

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
