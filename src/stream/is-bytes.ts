import { isUint8Array } from 'node:util/types';
import { Zfs3BackupError } from '../errors.ts';

/**
 * Whether a chunk is what its type promises: callers in JavaScript have nobody who looks, and a string has no
 * `byteLength`, so that it would be passed over in silence.
 */
export function isBytes(chunk: unknown): chunk is Uint8Array {
  return chunk instanceof Uint8Array || isUint8Array(chunk);
}

/** USAGE, for a source whose chunks are something else. */
export function notBytesError(chunk: unknown): Zfs3BackupError {
  return new Zfs3BackupError('USAGE', `A chunk of the source is no Uint8Array but ${nameType(chunk)}`, {
    advice: 'Yield Buffers: `Buffer.from(text)` makes one of a string; a stream must have no encoding set.',
  });
}

/** `a string`, `null`, `an object (Array)`: what somebody gave instead of what was meant. */
export function nameType(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== 'object') return `a ${typeof value}`;
  const name = value.constructor?.name;
  return name && name !== 'Object' ? `an object (${name})` : 'an object';
}
