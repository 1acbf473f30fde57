import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Keys of age and gpg, made by these programs in a folder of their own. */
export interface TestKeys {
  readonly folder: string;
  /** A file that holds a private key, and its public one. */
  readonly identityFile: string;
  readonly recipient: string;
  /** A keyring with one key that has no passphrase. */
  readonly gpgHome: string;
  readonly fingerprint: string;
  readonly userId: string;
  close(): Promise<void>;
}

export async function makeTestKeys(): Promise<TestKeys> {
  // Not below a long TMPDIR: gpg's agent listens in there, and sockets have short names.
  const folder = await mkdtemp('/tmp/z3b-keys-');
  const identityFile = await makeIdentity(folder, 'identity');
  const gpgHome = join(folder, 'gnupg');
  const userId = 'backup@example.org';
  await makeGpgKey(gpgHome, userId);
  return {
    folder,
    identityFile,
    recipient: await recipientOf(identityFile),
    gpgHome,
    fingerprint: await fingerprintOf(gpgHome, userId),
    userId,
    async close() {
      await endAgent(gpgHome);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A file with a new private key of age. */
export async function makeIdentity(folder: string, name: string): Promise<string> {
  const file = join(folder, name);
  await run('age-keygen', ['-o', file]);
  return file;
}

export async function recipientOf(identityFile: string): Promise<string> {
  return (await run('age-keygen', ['-y', identityFile])).stdout.trim();
}

/** A new key in the keyring, with a passphrase where one is given. */
export async function makeGpgKey(home: string, userId: string, passphrase = ''): Promise<void> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  const file = join(home, 'passphrase-for-making');
  await writeFile(file, passphrase);
  // A key to a passphrase is made slowly on purpose; nobody guesses the ones of tests.
  await writeFile(join(home, 'gpg-agent.conf'), 's2k-count 65536\n');
  const quietly = ['--homedir', home, '--batch', '--no-tty', '--pinentry-mode', 'loopback'];
  // An elliptic key is made in no time.
  await run('gpg', [
    ...[...quietly, '--passphrase-file', file],
    ...['--quick-generate-key', userId, 'future-default', 'default', 'never'],
  ]);
  await rm(file);
}

export async function fingerprintOf(home: string, userId: string): Promise<string> {
  const { stdout } = await run('gpg', ['--homedir', home, '--with-colons', '--list-keys', userId]);
  return /^fpr:+([0-9A-F]{40}):/m.exec(stdout)?.[1] ?? '';
}

/** It would outlive the tests, and it remembers passphrases. */
export async function endAgent(home: string): Promise<void> {
  await run('gpgconf', ['--homedir', home, '--kill', 'gpg-agent']);
}

/** The secret part of an identity, for tests that look for it. */
export async function secretOf(identityFile: string): Promise<string> {
  return /^AGE-SECRET-KEY-\S+$/m.exec(await readFile(identityFile, 'utf8'))?.[0] ?? '';
}
