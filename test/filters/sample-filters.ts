import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { Zfs3BackupError } from '../../src/errors.ts';
import type { Filter } from '../../src/filters/filter.ts';
import { createFilterRegistry } from '../../src/filters/registry.ts';
import { createZstdFilter } from '../../src/filters/zstd.ts';
import { chunksOf, collect, thrownBy } from '../stream/fixtures.ts';

export const zstd = createZstdFilter();
const sections = [
  { name: 'xz', compress: ['xz', '-0', '-c'], decompress: ['xz', '-d', '-c'] },
  { name: 'gzip9', compress: ['gzip', '-9'], decompress: ['gzip', '-d'] },
];
export const registry = createFilterRegistry(sections);

export function named(name: string): Filter {
  const filter = registry.find(name);
  if (!filter) throw new Error(`No filter ${name}`);
  return filter;
}

/** Bytes that compress somewhat. */
export function sample(bytes: number): Buffer {
  const data = randomBytes(bytes);
  for (let at = 0; at < bytes; at += 3) data[at] = 65;
  return data;
}

export async function expectCorrupt(filter: Filter, data: Uint8Array): Promise<void> {
  const error = await thrownBy(() => collect(filter.decode(chunksOf(data))));
  expect(error).toBeInstanceOf(Zfs3BackupError);
  expect(['CORRUPT_STREAM', 'PROCESS_FAILED']).toContain((error as Zfs3BackupError).code);
}
