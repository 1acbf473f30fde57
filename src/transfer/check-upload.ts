import { Zfs3BackupError } from '../errors.ts';
import type { Metadata } from '../store/object-store.ts';
import { nameType } from '../stream/is-bytes.ts';

interface Checked {
  readonly key: string;
  readonly metadata?: Metadata | undefined;
  readonly source: unknown;
}

/** What the types promise and JavaScript does not. Throws USAGE, before anything is read or asked of the store. */
export function checkUpload({ key, metadata = {}, source }: Checked): void {
  if (typeof key !== 'string' || key === '') {
    throw new Zfs3BackupError('USAGE', `An upload needs a \`key\`: a text, not ${nameOfKey(key)}`);
  }
  for (const [name, value] of Object.entries(metadata)) {
    if (typeof value === 'string') continue;
    throw new Zfs3BackupError(
      'USAGE',
      `${key}: the metadata \`${name}\` must be a text, not ${nameType(value)}`,
    );
  }
  if (isSource(source)) return;
  throw new Zfs3BackupError(
    'USAGE',
    `${key}: the \`source\` must be an async iterable of Uint8Array or { fd: NUMBER }, not ${nameType(source)}`,
    { advice: '`Readable.from([bytes])` of node:stream makes one of bytes that are there already.' },
  );
}

function nameOfKey(key: unknown): string {
  return key === '' ? 'an empty one' : nameType(key);
}

function isSource(source: unknown): boolean {
  if (typeof source !== 'object' || source === null) return false;
  if (Symbol.asyncIterator in source) return true;
  return 'fd' in source && Number.isSafeInteger(source.fd) && (source.fd as number) >= 0;
}
