import { createHash } from 'node:crypto';
import { access, constants, readFile } from 'node:fs/promises';
import { ProcessFailedError, Zfs3BackupError } from '../errors.ts';
import { pipeThrough } from '../stream/process.ts';
import { runProcess } from '../stream/run-process.ts';
import { reasonOf } from './corrupt.ts';
import { type Decryptor, decrypt, keyMissing, tryDecrypting } from './decrypt.ts';
import type { Filter, FilterOptions } from './filter.ts';
import { readVersion } from './program.ts';

/** Whom `age` encrypts for, and what it decrypts with. */
export interface AgeKeys {
  /** Public keys: `age1…` or an SSH public key. */
  readonly recipients?: readonly string[];
  /** A file with a public key on each line. */
  readonly recipientsFile?: string;
  /** A file with private keys, or an SSH private key. */
  readonly identityFile?: string;
}

const SECRET = /^AGE-(SECRET-KEY|PLUGIN)-/i;

/**
 * Encryption by the program `age`, to public keys. Its format is authenticated piece by piece, and its last piece is
 * marked: https://age-encryption.org/v1. So what is changed, cut or lengthened is noticed.
 */
export function createAgeFilter(keys: AgeKeys = {}): Filter {
  const { recipients = [], recipientsFile, identityFile } = keys;
  const encode = [
    'age',
    '--encrypt',
    ...recipients.flatMap((recipient) => ['--recipient', recipient]),
    ...(recipientsFile === undefined ? [] : ['--recipients-file', recipientsFile]),
  ];
  const decryptor = createDecryptor(identityFile);
  const { argv: decode } = decryptor;
  return {
    name: 'age',
    commands: { encode, decode },
    async *encode(source, options) {
      demandRecipients(keys);
      yield* pipeThrough(encode, source, { signal: options?.signal, lend: true });
    },
    async *decode(source, options) {
      demandIdentity(decryptor, identityFile);
      yield* decrypt(decryptor, source, options);
    },
    version: async (options) => {
      const version = await readVersion(['age', '--version'], options);
      return version && `age ${version.replace(/^v/, '')}`;
    },
    keyIds: () => readKeyIds(keys),
    checkEncode: (options) => tryEncrypting(keys, encode, options),
    async checkDecode(body, options) {
      await demandReadable(decryptor, demandIdentity(decryptor, identityFile));
      await tryDecrypting(decryptor, body, options);
    },
  };
}

function createDecryptor(identityFile: string | undefined): Decryptor {
  return {
    name: 'age',
    argv: ['age', '--decrypt', '--identity', identityFile ?? 'IDENTITY_FILE'],
    lacksKey: (words) =>
      !/failed to read header|header MAC|payload chunk|last chunk|nonce|unexpected EOF|trailing/i.test(words),
    reason: (words) =>
      words
        .split('\n')
        .filter(
          (line) =>
            line !== '' && !line.includes('age-encryption.org/report') && !/\/age\/report$/.test(line),
        )
        .map((line) => line.replace(/^age: (error: )?/, ''))
        .join('; '),
    advice: 'AGE_IDENTITY_FILE must name a file with the identity of one of the recipients.',
  };
}

function demandRecipients({ recipients = [], recipientsFile }: AgeKeys): void {
  // Arguments are public, and age repeats in its message what it does not understand.
  if (recipients.some((recipient) => SECRET.test(recipient.trim()))) {
    throw new Zfs3BackupError('CONFIG', 'AGE_RECIPIENTS holds a private key', {
      advice:
        'A recipient begins with age1 or ssh-; `age-keygen -y FILE` tells that of an identity. Make a new one.',
    });
  }
  if (recipients.length > 0 || recipientsFile !== undefined) return;
  throw new Zfs3BackupError('CONFIG', 'ENCRYPTOR=age has nobody to encrypt for', {
    advice:
      'Name recipients in AGE_RECIPIENTS, or a file with a recipient on each line in AGE_RECIPIENTS_FILE.',
  });
}

function demandIdentity(decryptor: Decryptor, identityFile: string | undefined): string {
  if (identityFile !== undefined) return identityFile;
  throw keyMissing(decryptor, 'age data', 'no identity is named');
}

async function demandReadable(decryptor: Decryptor, file: string): Promise<void> {
  try {
    await access(file, constants.R_OK);
  } catch (error) {
    throw keyMissing(decryptor, 'age data', `the identity file cannot be read: ${reasonOf(error)}`, error);
  }
}

/** Encrypts nothing: age reads the recipients first, and says what is wrong with them. */
async function tryEncrypting(keys: AgeKeys, argv: readonly string[], options?: FilterOptions): Promise<void> {
  demandRecipients(keys);
  try {
    await runProcess(argv, { signal: options?.signal });
  } catch (error) {
    if (!(error instanceof ProcessFailedError) || error.code === 'PROGRAM_MISSING') throw error;
    const reason = createDecryptor(undefined).reason(error.stderr) || error.message;
    throw new Zfs3BackupError('FILTER_UNAVAILABLE', `age cannot encrypt: ${reason}`, {
      advice: 'Look at AGE_RECIPIENTS and AGE_RECIPIENTS_FILE: a recipient begins with age1 or ssh-.',
      cause: error,
    });
  }
}

async function readKeyIds({ recipients = [], recipientsFile }: AgeKeys): Promise<readonly string[]> {
  const lines = recipientsFile === undefined ? [] : (await readLines(recipientsFile)).split('\n');
  return [...new Set([...recipients, ...lines].flatMap(keyIdOf))];
}

async function readLines(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const message = `age cannot encrypt: AGE_RECIPIENTS_FILE cannot be read: ${reasonOf(cause)}`;
    throw new Zfs3BackupError('FILTER_UNAVAILABLE', message, { cause });
  }
}

/** An SSH key by its fingerprint, as `ssh-keygen -l` shows it; nothing for what is no public key. */
function keyIdOf(line: string): readonly string[] {
  const [word = '', body = ''] = line.trim().split(/\s+/);
  if (/^age1[0-9a-z]+$/i.test(word)) return [word];
  if (!/^ssh-[a-z0-9]+$/.test(word) || body === '') return [];
  const digest = createHash('sha256').update(Buffer.from(body, 'base64')).digest('base64');
  return [`SHA256:${digest.replace(/=+$/, '')}`];
}
