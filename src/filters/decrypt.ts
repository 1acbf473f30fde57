import { ProcessFailedError, Zfs3BackupError } from '../errors.ts';
import { streamOf } from '../stream/gather.ts';
import { pipeThrough } from '../stream/process.ts';
import { corruptStream } from './corrupt.ts';
import type { EncodedBody, FilterOptions } from './filter.ts';

/** A program that decrypts, and how its words are understood. */
export interface Decryptor {
  readonly name: string;
  readonly argv: readonly string[];
  /** Where it failed before it gave a byte: whether that was for want of the right key, as far as its words tell. */
  lacksKey(words: string): boolean;
  /** What its words leave to be desired although it exited with 0; `undefined` for nothing. */
  doubt?(words: string): string | undefined;
  /** Its words as a person wants to read them. */
  reason(words: string): string;
  /** What to do where the key is missing. */
  readonly advice: string;
}

/** More than any of them was seen to say; the end of it is what counts. */
const MAX_WORDS = 64 * 1024;
/**
 * Enough for the right key to give a byte: age decrypts 64 KiB at a time, gpg holds some KiB back, and headers for
 * hundreds of recipients fit before.
 */
const HEAD_BYTES = 256 * 1024;

/** Decrypts. Throws CORRUPT_STREAM, FILTER_UNAVAILABLE where the key is missing, and what `pipeThrough` throws. */
export async function* decrypt(
  decryptor: Decryptor,
  source: AsyncIterable<Uint8Array>,
  { signal }: FilterOptions = {},
): AsyncGenerator<Uint8Array, void> {
  const { name, argv } = decryptor;
  let words = '';
  let gaveSome = false;
  const onStderr = (text: string) => {
    words = (words + text).slice(-MAX_WORDS);
  };
  try {
    // In the C locale its words are those that are known here.
    for await (const chunk of pipeThrough(argv, source, { signal, env: { LC_ALL: 'C' }, onStderr })) {
      gaveSome ||= chunk.byteLength > 0;
      yield chunk;
    }
  } catch (error) {
    if (!(error instanceof ProcessFailedError) || error.command !== argv) throw error;
    if (error.code === 'PROGRAM_MISSING' || error.signal !== undefined) throw error;
    const reason = decryptor.reason(words) || error.message;
    if (gaveSome || !decryptor.lacksKey(words)) throw corruptStream(name, reason, error);
    throw keyMissing(decryptor, `${name} data`, reason, error);
  }
  const doubt = decryptor.doubt?.(words);
  if (doubt !== undefined) throw corruptStream(name, doubt);
}

/** Decrypts the head of a body, and lets it be as soon as a byte comes out. */
export async function tryDecrypting(
  decryptor: Decryptor,
  { key, readHead }: EncodedBody,
  options?: FilterOptions,
): Promise<void> {
  const head = await readHead(HEAD_BYTES);
  try {
    for await (const chunk of decrypt(decryptor, streamOf(head), options)) if (chunk.byteLength > 0) return;
  } catch (error) {
    if (!(error instanceof Zfs3BackupError) || error instanceof ProcessFailedError) throw error;
    const { code, advice, cause } = error;
    throw new Zfs3BackupError(code, `${key}: ${error.message}`, { ...(advice ? { advice } : {}), cause });
  }
}

export function keyMissing(
  { name, advice }: Pick<Decryptor, 'name' | 'advice'>,
  what: string,
  reason: string,
  cause?: unknown,
): Zfs3BackupError {
  const message = `The ${what} cannot be decrypted here: ${reason}`;
  return new Zfs3BackupError('FILTER_UNAVAILABLE', message, {
    advice: `${advice} The backup's record names the keys that ${name} encrypted for.`,
    cause,
  });
}
