import { StoreError } from '../errors.ts';

const MAX_KEY_BYTES = 1024;

/** Throws USAGE unless `key` is 1–1,024 bytes of UTF-8, which is what every store accepts. */
export function assertKey(operation: string, key: string): void {
  const problem = describeProblem(key);
  if (problem === undefined) return;
  throw new StoreError('USAGE', `${operation}: ${problem}`, { operation, key, retryable: false });
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
