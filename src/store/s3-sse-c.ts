import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { Zfs3BackupError } from '../errors.ts';
import { type Logger, silentLogger } from '../logger.ts';
import { sayUnread } from './unread-file.ts';

const KEY_BYTES = 32;

/** Reads a key of 32 bytes, raw or in base64. Throws CONFIG, never repeating what the file holds. */
export async function readSseCKey(file: string, logger: Logger = silentLogger): Promise<Uint8Array> {
  let content: Buffer;
  try {
    content = await readFile(file);
    const { mode } = await stat(file);
    if ((mode & 0o077) !== 0) logger.warn({ file }, `${file} is open to other users: chmod 600 ${file}`);
  } catch (error) {
    throw config(`S3_SSE_C_KEY_FILE: ${file} ${sayUnread(error)}`);
  }
  if (content.byteLength === KEY_BYTES) return content;
  const text = content.toString('latin1').trim();
  const decoded = Buffer.from(text, 'base64');
  if (/^[A-Za-z0-9+/]+=*$/.test(text) && decoded.byteLength === KEY_BYTES) return decoded;
  throw config(
    `S3_SSE_C_KEY_FILE: ${file} holds no key: 32 bytes are wanted, raw or in base64`,
    `Make one: (umask 077; head -c 32 /dev/urandom | base64 > ${file}), and keep a copy: nothing can be read back without it.`,
  );
}

/** Throws USAGE where the key would travel in the clear; the machine itself is no network. */
export function assertSecure(endpoint: string | undefined): void {
  if (endpoint === undefined || endpoint.startsWith('https:')) return;
  if (['127.0.0.1', '[::1]', 'localhost'].includes(new URL(endpoint).hostname)) return;
  throw new Zfs3BackupError(
    'USAGE',
    `S3_SSE_C_KEY_FILE needs https: ${endpoint} would get the key unprotected`,
    {
      advice: 'Write https:// in ENDPOINT, or leave S3_SSE_C_KEY_FILE out.',
    },
  );
}

export interface SseCFields {
  readonly SSECustomerAlgorithm: 'AES256';
  readonly SSECustomerKey: string;
  readonly SSECustomerKeyMD5: string;
}

/** What every request needs that reads or writes what the key encrypts. */
export function sseCFields(key: Uint8Array | undefined): SseCFields | Record<never, never> {
  if (key === undefined) return {};
  return {
    SSECustomerAlgorithm: 'AES256',
    SSECustomerKey: Buffer.from(key).toString('base64'),
    SSECustomerKeyMD5: createHash('md5').update(key).digest('base64'),
  };
}

function config(message: string, advice?: string): Zfs3BackupError {
  return new Zfs3BackupError('CONFIG', message, advice === undefined ? {} : { advice });
}
