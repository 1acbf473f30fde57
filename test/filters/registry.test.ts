import { describe, expect, it } from 'vitest';
import type { Zfs3BackupError } from '../../src/errors.ts';
import { createFilterRegistry } from '../../src/filters/registry.ts';
import { registry } from './sample-filters.ts';

describe('createFilterRegistry', () => {
  it('knows the built-in ones, the predecessors and the configured ones', () => {
    expect(registry.names).toEqual([
      'none',
      'zstd',
      'gzip',
      'pigz1',
      'pigz4',
      'zstd3',
      'pbzip2',
      'xz',
      'gzip9',
    ]);
    for (const name of registry.names.slice(1)) expect(registry.find(name)?.name).toBe(name);
  });

  it('has no filter for none', () => {
    for (const name of [undefined, '', 'none', 'None']) expect(registry.find(name)).toBeUndefined();
  });

  it('lists the known names for one that is unknown', () => {
    expect(() => registry.find('lz9')).toThrow(expect.objectContaining({ code: 'UNKNOWN_FILTER' }));
    try {
      registry.find('lz9');
    } catch (error) {
      expect(String(error)).toContain('lz9');
      expect((error as Zfs3BackupError).advice).toContain('none, zstd, gzip, pigz1, pigz4');
    }
  });

  it('prefers a configured filter to a built-in one of that name', () => {
    const own = { name: 'zstd', compress: ['zstd', '-9'], decompress: ['zstd', '-d'] };
    expect(createFilterRegistry([own]).find('zstd')?.commands.encode).toEqual(['zstd', '-9']);
  });
});
