import { ProcessFailedError, Zfs3BackupError } from '../errors.ts';
import { pipeThrough } from '../stream/process.ts';
import { runProcess } from '../stream/run-process.ts';
import { type Decryptor, decrypt, tryDecrypting } from './decrypt.ts';
import type { Filter, FilterOptions } from './filter.ts';
import { readVersion } from './program.ts';

/** Whom `gpg` encrypts for, and where its keys are. */
export interface GpgKeys {
  /** Public keys in its keyring, best by their fingerprints. */
  readonly recipients?: readonly string[];
  /** Its folder; by default the user's. */
  readonly home?: string;
  /** A file with the passphrase of the private key, where no agent knows it. */
  readonly passphraseFile?: string;
}

/** It never asks: there may be nobody. */
const QUIETLY = ['gpg', '--batch', '--no-tty'];

/**
 * Encryption by the program `gpg`, to public keys, as the Python zfs3backup did it. Its exit status alone says too
 * little (a body that is cut within its first packet, or was never encrypted, ends with 0), so it counts only with the
 * words of its `--status-fd`: DECRYPTION_OKAY and GOODMDC, in GnuPG's doc/DETAILS.
 */
export function createGpgFilter(keys: GpgKeys = {}): Filter {
  const { recipients = [], home, passphraseFile } = keys;
  const base = [...QUIETLY, ...(home === undefined ? [] : ['--homedir', home])];
  const encode = [
    ...base,
    // Whom to trust was said by naming them; their keys are not looked for in the network; the compressor came before.
    ...['--trust-model', 'always', '--no-auto-key-locate', '--compress-algo', 'none'],
    ...recipients.flatMap((recipient) => ['--recipient', recipient]),
    '--encrypt',
  ];
  const secret =
    passphraseFile === undefined ? [] : ['--pinentry-mode', 'loopback', '--passphrase-file', passphraseFile];
  const decode = [...base, ...secret, '--decrypt'];
  const decryptor = createDecryptor([...base, ...secret, '--status-fd', '2', '--decrypt']);
  return {
    name: 'gpg',
    commands: { encode, decode },
    async *encode(source, options) {
      demandRecipients(recipients);
      yield* pipeThrough(encode, source, { signal: options?.signal, lend: true });
    },
    decode: (source, options) => decrypt(decryptor, source, options),
    version: async (options) => {
      const line = await readVersion(['gpg', '--version'], options);
      return line?.replace(/^gpg \((\w+)\)/, 'gpg');
    },
    keyIds: (options) => readFingerprints(base, recipients, options),
    async checkEncode(options) {
      await readFingerprints(base, recipients, options);
      await run(encode, options);
    },
    checkDecode: (body, options) => tryDecrypting(decryptor, body, options),
  };
}

function createDecryptor(argv: readonly string[]): Decryptor {
  const says = (words: string, status: string) => words.includes(`[GNUPG:] ${status}`);
  return {
    name: 'gpg',
    argv,
    lacksKey: (words) => !says(words, 'NODATA') && !says(words, 'DECRYPTION_INFO'),
    doubt(words) {
      if (says(words, 'DECRYPTION_OKAY') && says(words, 'GOODMDC')) return undefined;
      return says(words, 'PLAINTEXT') ? 'it is not encrypted and authenticated' : 'it ends before its data';
    },
    reason: readableWords,
    advice:
      'The private key of one of the recipients must be in the keyring (GPG_HOME), and its passphrase known.',
  };
}

/** Without the lines that are for programs. */
function readableWords(words: string): string {
  return words
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('[GNUPG:]'))
    .map((line) => line.replace(/^gpg: /, '').trim())
    .join('; ');
}

function demandRecipients(recipients: readonly string[]): void {
  if (recipients.length > 0) return;
  throw new Zfs3BackupError('CONFIG', 'ENCRYPTOR=gpg has nobody to encrypt for', {
    advice: 'Name recipients in GPG_RECIPIENTS, best by their fingerprints: `gpg --list-keys` shows them.',
  });
}

/** One key for each recipient: with two of the same name it would be gpg's choice who can read the backups. */
async function readFingerprints(
  base: readonly string[],
  recipients: readonly string[],
  options?: FilterOptions,
): Promise<readonly string[]> {
  demandRecipients(recipients);
  const found: string[] = [];
  for (const recipient of recipients) {
    const list = await run([...base, '--with-colons', '--list-keys', '--', recipient], options);
    const fingerprints = primaryFingerprints(list);
    const [one] = fingerprints;
    if (one === undefined || fingerprints.length > 1) {
      throw unusable(`${fingerprints.length} keys are called ${recipient} (${fingerprints.join(', ')})`);
    }
    found.push(one);
  }
  return [...new Set(found)];
}

/** Of the keys that are neither revoked nor expired nor invalid; the format is in GnuPG's doc/DETAILS. */
function primaryFingerprints(list: string): readonly string[] {
  const found: string[] = [];
  let isWanted = false;
  for (const line of list.split('\n')) {
    const [type, validity = '', ...fields] = line.split(':');
    if (type === 'pub') isWanted = !/[rei]/.test(validity);
    const fingerprint = fields[7];
    if (type !== 'fpr' || !isWanted || fingerprint === undefined) continue;
    found.push(fingerprint);
    // Those of subkeys follow.
    isWanted = false;
  }
  return found;
}

async function run(argv: readonly string[], options?: FilterOptions): Promise<string> {
  try {
    return (await runProcess(argv, { signal: options?.signal })).stdout;
  } catch (error) {
    if (!(error instanceof ProcessFailedError) || error.code === 'PROGRAM_MISSING') throw error;
    throw unusable(readableWords(error.stderr) || error.message, error);
  }
}

function unusable(reason: string, cause?: unknown): Zfs3BackupError {
  return new Zfs3BackupError('FILTER_UNAVAILABLE', `gpg cannot encrypt: ${reason}`, {
    advice: 'GPG_RECIPIENTS must name keys that `gpg --list-keys` shows, best by their fingerprints.',
    cause,
  });
}
