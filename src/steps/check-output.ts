import { Zfs3BackupError } from '../errors.ts';
import { nameType } from '../stream/is-bytes.ts';

/** Throws USAGE for what is neither a path nor something to write to. */
export function checkOutput(key: string, output: unknown): void {
  if (output === '') throw new Zfs3BackupError('USAGE', `${key}: the \`output\` is an empty path`);
  if (typeof output === 'string' || isOutput(output)) return;
  throw new Zfs3BackupError(
    'USAGE',
    `${key}: the \`output\` must be a path, a Writable or { descriptor: NUMBER }, not ${nameType(output)}`,
  );
}

function isOutput(output: unknown): boolean {
  if (typeof output !== 'object' || output === null) return false;
  if ('descriptor' in output) {
    return Number.isSafeInteger(output.descriptor) && (output.descriptor as number) >= 0;
  }
  return 'write' in output && typeof output.write === 'function';
}
