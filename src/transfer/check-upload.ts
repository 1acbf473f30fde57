import { fstatSync } from 'node:fs';
import { Zfs3BackupError } from '../errors.ts';
import { type DescriptorSource, isDescriptorSource } from '../stream/descriptor-source.ts';
import { nameType } from '../stream/is-bytes.ts';
import { checkObject } from './check-object.ts';

interface Checked {
  readonly store: unknown;
  readonly key: unknown;
  readonly metadata?: unknown;
  readonly source: unknown;
}

/** What the types promise and JavaScript does not. Throws USAGE, before anything is read or asked of the store. */
export function checkUpload({ store, key, metadata = {}, source }: Checked): void {
  checkObject('An upload', { store, key });
  if (typeof metadata !== 'object' || metadata === null) {
    throw new Zfs3BackupError(
      'USAGE',
      `${key}: the \`metadata\` must be an object of texts, not ${nameType(metadata)}`,
    );
  }
  for (const [name, value] of Object.entries(metadata)) {
    if (typeof value === 'string') continue;
    throw new Zfs3BackupError(
      'USAGE',
      `${key}: the metadata \`${name}\` must be a text, not ${nameType(value)}`,
    );
  }
  if (!isSource(source)) {
    throw new Zfs3BackupError(
      'USAGE',
      `${key}: the \`source\` must be an async iterable of Uint8Array or { fd: NUMBER }, not ${nameType(source)}`,
      { advice: '`Readable.from([bytes])` of node:stream makes one of bytes that are there already.' },
    );
  }
  if (isDescriptorSource(source)) demandOpen(key, source.fd);
}

function isSource(source: unknown): source is AsyncIterable<Uint8Array> | DescriptorSource {
  if (typeof source !== 'object' || source === null) return false;
  if (Symbol.asyncIterator in source) return true;
  return 'fd' in source && Number.isSafeInteger(source.fd) && (source.fd as number) >= 0;
}

function demandOpen(key: unknown, fd: number): void {
  try {
    fstatSync(fd);
  } catch (cause) {
    throw new Zfs3BackupError('USAGE', `${key}: the \`source\` { fd: ${fd} } is not open`, { cause });
  }
}
