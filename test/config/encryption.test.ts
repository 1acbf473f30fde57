import { describe, expect, it } from 'vitest';
import type { LoadOptions } from '../../src/config/load.ts';
import { ConfigError } from '../../src/errors.ts';
import { load } from './config-file.ts';

const RECIPIENT = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';

async function problemsOf(text: string, options: LoadOptions = {}): Promise<readonly string[]> {
  try {
    await load(text, options);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ where, message }) => `${where.replace(/^.*\//, '')}: ${message}`);
  }
  return [];
}

describe('encryption in the configuration', () => {
  it('names what encrypts and where the keys are', async () => {
    const text =
      `[main]\nENCRYPTOR=age\nAGE_RECIPIENTS=${RECIPIENT} "ssh-ed25519 AAAA me"\nAGE_RECIPIENTS_FILE=/r\n` +
      'AGE_IDENTITY_FILE="/my key"\nGPG_RECIPIENTS=ABCD EF01\nGPG_HOME=/g\nGPG_PASSPHRASE_FILE=/p\n';
    expect((await load(text)).config).toMatchObject({
      encryptor: 'age',
      encryption: {
        age: {
          recipients: [RECIPIENT, 'ssh-ed25519 AAAA me'],
          recipientsFile: '/r',
          identityFile: '/my key',
        },
        gpg: { recipients: ['ABCD', 'EF01'], home: '/g', passphraseFile: '/p' },
      },
    });
  });

  it('takes the words of the Python zfs3backup, in a file and bare in the environment', async () => {
    const gpg = { encryptor: 'gpg', encryption: { gpg: { recipients: ['me@example.org'] } } };
    expect((await load('[main]\nENCRYPTOR=gpg\nGPG_KEYID=me@example.org\n')).config).toMatchObject(gpg);
    const env = { ENCRYPTOR: 'gpg', GPG_KEYID: 'me@example.org' };
    expect((await load('', { env })).config).toMatchObject(gpg);
    const both = await load('[main]\nGPG_KEYID=old\nGPG_RECIPIENTS=new\n');
    expect(both.config.encryption.gpg).toEqual({ recipients: ['new'] });
  });

  it('may differ for a dataset', async () => {
    const text = `[main]\nENCRYPTOR=age\nAGE_RECIPIENTS=${RECIPIENT}\n[fs:tank/a]\nENCRYPTOR=None\n[fs:tank/b]\nENCRYPTOR=gpg\nGPG_RECIPIENTS=AB\n`;
    const { configFor } = await load(text);
    expect(configFor('tank/a').encryptor).toBe('none');
    expect(configFor('tank/b')).toMatchObject({
      encryptor: 'gpg',
      encryption: { gpg: { recipients: ['AB'] } },
    });
    expect(configFor('tank/c').encryptor).toBe('age');
  });

  it.each([
    ['[main]\nENCRYPTOR=age\n', 'ENCRYPTOR=age needs AGE_RECIPIENTS or AGE_RECIPIENTS_FILE'],
    ['[main]\nENCRYPTOR=gpg\n', 'ENCRYPTOR=gpg needs GPG_RECIPIENTS or GPG_KEYID'],
    ['[main]\nENCRYPTOR=gpg\nAGE_RECIPIENTS=age1x\n', 'ENCRYPTOR=gpg needs'],
    ['[main]\n[fs:tank/a]\nENCRYPTOR=age\n', 'zfs3backup.conf:3: ENCRYPTOR=age needs'],
    ['[main]\nENCRYPTOR=agee\n', 'unknown encryptor agee; the nearest known one is age'],
    ['[main]\nAGE_IDENTITY_FILE=-\n', 'AGE_IDENTITY_FILE: - is no file'],
    ['[main]\nAGE_RECIPIENTS_FILE=-\n', 'AGE_RECIPIENTS_FILE: - is no file'],
  ])('refuses %j', async (text, message) => {
    expect(await problemsOf(text)).toEqual([expect.stringContaining(message)]);
  });

  it('demands recipients only of those who encrypt', async () => {
    const text = `[main]\nENCRYPTOR=age\n[fs:tank/a]\nAGE_RECIPIENTS=${RECIPIENT}\n`;
    expect(await problemsOf(text)).toEqual([]);
    expect(await problemsOf(text, { flags: { dataset: 'tank/b' } })).toHaveLength(1);
    expect(await problemsOf('[main]\nENCRYPTOR=gpg\n', { flags: { encryptor: 'none' } })).toEqual([]);
  });

  it('does not repeat a private key that stands where a public one belongs', async () => {
    const secret = 'AGE-SECRET-KEY-1VYAQ06J4ZVVCZAPYKQM6XCHE4DPD96889HF2MDW9800D9QCLJDZSSYFSZU';
    const [problem, ...more] = await problemsOf(`[main]\nENCRYPTOR=age\nAGE_RECIPIENTS=${secret}\n`);
    expect(more).toEqual([]);
    expect(problem).toMatch(/:3: AGE_RECIPIENTS holds a private key/);
    expect(problem).not.toContain('1VYAQ');
  });
});

describe('[filter:NAME]', () => {
  const section = '[filter:rage]\nencode=rage -R "/my keys"\ndecode=rage -d -i /id\n';

  it('defines an encryptor, which may stand as a compressor as well', async () => {
    const { config } = await load(`[main]\nENCRYPTOR=rage\nCOMPRESSOR=rage\n${section}`);
    expect(config).toMatchObject({ encryptor: 'rage', compressor: 'rage', compressors: [] });
    expect(config.encryption.external).toEqual([
      { name: 'rage', compress: ['rage', '-R', '/my keys'], decompress: ['rage', '-d', '-i', '/id'] },
    ]);
  });

  it.each([
    ['[filter:age]\nencode=a\ndecode=b\n', 'the encryptor age is built in'],
    ['[filter:zstd]\nencode=a\ndecode=b\n', 'the compressor zstd is built in'],
    ['[filter:x]\nencode=a\n', '[filter:x] has no decode= line'],
    ['[filter:x]\nencode=a\ndecode=b\ncompress=c\n', 'unknown key compress in [filter:x]'],
    [
      `${section}[compressor:rage]\ncompress=a\ndecompress=b\n`,
      '[compressor:rage] stands in this file twice',
    ],
    ['[main]\nENCRYPTOR=xz\n[compressor:xz]\ncompress=a\ndecompress=b\n', 'unknown encryptor xz'],
    ['[filtre:x]\n', 'the nearest known one is [filter:x]'],
  ])('refuses %j', async (text, message) => {
    expect(await problemsOf(text)).toEqual([expect.stringContaining(message)]);
  });

  it('leaves the names of encryptors to compressors that call them', async () => {
    const text = '[main]\nCOMPRESSOR=gpg\n[compressor:gpg]\ncompress=gpg -e -r me\ndecompress=gpg -d\n';
    expect((await load(text)).config.compressor).toBe('gpg');
  });
});
