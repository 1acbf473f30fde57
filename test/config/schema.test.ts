import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { parseValue } from '../../src/config/parse-value.ts';
import {
  BUILT_IN_COMPRESSORS,
  BUILT_IN_ENCRYPTORS,
  flagsOf,
  SCHEMA,
  type Setting,
} from '../../src/config/schema.ts';
import { createFilterRegistry } from '../../src/filters/registry.ts';

const settings: [string, Setting][] = Object.entries(SCHEMA);

describe('the schema', () => {
  it.each(settings)('%s is whole', async (key, setting) => {
    expect(key).toMatch(/^[A-Z][A-Z0-9_]*$/);
    expect(setting.help).toMatch(/^[A-Z].*\.$/);
    expect([setting.default, setting.without].filter((text) => text !== undefined)).toHaveLength(1);
    expect(setting.default ?? setting.example).toBeDefined();
    for (const text of [setting.default, setting.example]) {
      if (text !== undefined) expect(() => parseValue(text, setting)).not.toThrow();
    }
    expect(setting.environment[0]).toBe(`ZFS3BACKUP_${key}`);
    expect(setting.choices !== undefined).toBe(setting.type === 'choice');
    expect(setting.secret === true && setting.flag !== undefined).toBe(false);
    const { config } = await loadConfig({ env: {}, searchFiles: [] });
    expect(config).toHaveProperty(setting.property);
  });

  it('reads the predecessors’ keys from bare variables, and no others', () => {
    const bare = settings.flatMap(([key, { environment }]) => (environment.includes(key) ? [key] : []));
    expect(bare.sort()).toEqual(
      [
        ...[
          'BUCKET',
          'S3_PREFIX',
          'FILESYSTEM',
          'SNAPSHOT_PREFIX',
          'COMPRESSOR',
          'CHUNK_SIZE',
          'CONCURRENCY',
        ],
        ...['ENCRYPTOR', 'GPG_KEYID'],
        ...['MAX_RETRIES', 'S3_STORAGE_CLASS', 'ENDPOINT', 'REGION', 'PROFILE', 'S3_KEY_ID', 'S3_SECRET'],
      ].sort(),
    );
  });

  it('lets exactly these keys stand per dataset', () => {
    expect(settings.filter(([, { perDataset }]) => perDataset).map(([key]) => key)).toEqual([
      'SNAPSHOT_PREFIX',
      'SEND_FLAGS',
      'RAW',
      'BOOKMARKS',
      'HOLDS',
      'COMPRESSOR',
      'ENCRYPTOR',
      'AGE_RECIPIENTS',
      'AGE_RECIPIENTS_FILE',
      'GPG_RECIPIENTS',
      'GPG_KEYID',
      'KEEP',
      'S3_STORAGE_CLASS',
    ]);
  });

  it('knows the very compressors and encryptors that are built in', () => {
    const registry = createFilterRegistry();
    expect([...BUILT_IN_COMPRESSORS].sort()).toEqual([...registry.names].sort());
    expect(BUILT_IN_ENCRYPTORS).toEqual(registry.encryptors);
  });

  it('has no name twice', () => {
    const flags = flagsOf().flatMap(({ name, aliases }) => [name, ...aliases]);
    const variables = settings.flatMap(([, { environment }]) => environment);
    expect(new Set(flags).size).toBe(flags.length);
    expect(new Set(variables).size).toBe(variables.length);
  });

  it('gives the command line its global flags', () => {
    const names = flagsOf().flatMap(({ global, name, aliases }) => (global ? [name, ...aliases] : []));
    expect(names.sort()).toEqual(
      [
        ...['store', 'bucket', 's3-prefix', 'dataset', 'filesystem', 'snapshot-prefix', 'endpoint', 'region'],
        ...['aws-profile', 'provider', 'log-level', 'log-format', 'quiet'],
      ].sort(),
    );
    expect(flagsOf().find(({ name }) => name === 'quiet')).toMatchObject({ type: 'boolean', key: 'QUIET' });
  });
});
