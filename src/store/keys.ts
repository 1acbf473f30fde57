import { StoreError } from '../errors.ts';
import type { Metadata } from './object-store.ts';

const MAX_KEY_BYTES = 1024;

/** Throws USAGE unless `key` is 1–1,024 bytes of UTF-8, which is what every store accepts. */
export function assertKey(operation: string, key: string): void {
  const problem = describeProblem(key);
  if (problem === undefined) return;
  throw new StoreError('USAGE', problem, { operation, key, retryable: false });
}

function describeProblem(key: string): string | undefined {
  if (key === '') return 'the key is empty';
  if (/\p{Surrogate}/u.test(key)) return `the key ${JSON.stringify(key)} is not valid Unicode`;
  const bytes = Buffer.byteLength(key);
  if (bytes > MAX_KEY_BYTES) {
    return `the key ${key.slice(0, 40)}… has ${bytes} bytes, a store takes ${MAX_KEY_BYTES} at most`;
  }
  return undefined;
}

/** Throws USAGE unless the number is 1–10,000; beyond that a store answers late, or worse, accepts. */
export function assertPartNumber(key: string, partNumber: number, maxParts: number): void {
  if (Number.isInteger(partNumber) && partNumber >= 1 && partNumber <= maxParts) return;
  const message = `${key}: part number ${partNumber} is outside 1–${maxParts}`;
  throw new StoreError('USAGE', message, { operation: 'putPart', key, partNumber, retryable: false });
}

/** The order of listings: by UTF-8 bytes, which differs from JavaScript's order above U+FFFF. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

const MAX_METADATA_BYTES = 2048;

/** Throws USAGE for metadata that some store would refuse, change or lose. */
export function assertMetadata(operation: string, key: string, metadata: Metadata = {}): void {
  const entries = Object.entries(metadata);
  const bytes = entries.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  const problem =
    bytes > MAX_METADATA_BYTES
      ? `has ${bytes} bytes of metadata, a store takes ${MAX_METADATA_BYTES}`
      : entries.map(([name, value]) => describeEntry(name, value)).find((text) => text !== undefined);
  if (problem === undefined) return;
  throw new StoreError('USAGE', `${key}: ${problem}`, { operation, key, retryable: false });
}

function describeEntry(name: string, value: string): string | undefined {
  if (!/^[a-z0-9_-]+$/.test(name)) return `metadata key \`${name}\` is not made of a-z, 0-9 and -`;
  if (!/^[\x20-\x7e]*$/.test(value)) return `the value of metadata \`${name}\` is not printable ASCII`;
  // HTTP drops them on the way.
  if (value.trim() !== value) return `the value of metadata \`${name}\` starts or ends with a blank`;
  return undefined;
}
