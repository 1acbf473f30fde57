import { describe, expect, it } from 'vitest';
import { demandDataset, demandStore } from '../../src/config/demand.ts';
import type { LoadOptions } from '../../src/config/load.ts';
import { ConfigError } from '../../src/errors.ts';
import { file, load } from './config-file.ts';

describe('the store', () => {
  const storeOf = async (text: string, options: LoadOptions = {}) => (await load(text, options)).config.store;

  it('is STORE, or BUCKET with S3_PREFIX', async () => {
    expect(await storeOf('[main]\nBUCKET=b\n')).toEqual({
      kind: 's3',
      bucket: 'b',
      prefix: 'zfs3backup-backup/',
    });
    expect(await storeOf('[main]\nBUCKET=b\nS3_PREFIX=/x\n')).toEqual({
      kind: 's3',
      bucket: 'b',
      prefix: 'x/',
    });
    expect(await storeOf('[main]\nSTORE=s3://b\nS3_PREFIX=x\n')).toEqual({
      kind: 's3',
      bucket: 'b',
      prefix: 'x/',
    });
    expect(await storeOf('[main]\nSTORE=s3://b/p\n')).toEqual({ kind: 's3', bucket: 'b', prefix: 'p/' });
    expect(await storeOf('[main]\nSTORE=file:///a b\nS3_PREFIX=x\n')).toEqual({
      kind: 'directory',
      path: '/a b',
      prefix: 'x/',
    });
  });

  it('may be said twice when both mean the same', async () => {
    const store = await storeOf('[main]\nSTORE=s3://b/p\nBUCKET=b\nS3_PREFIX=p\n');
    expect(store).toEqual({ kind: 's3', bucket: 'b', prefix: 'p/' });
  });

  it('follows the higher layer', async () => {
    const text = '[main]\nSTORE=s3://a/p\n';
    expect(await storeOf(text, { flags: { bucket: 'b' } })).toEqual({
      kind: 's3',
      bucket: 'b',
      prefix: 'zfs3backup-backup/',
    });
    expect(await storeOf(text, { flags: { bucket: 'a' } })).toEqual({
      kind: 's3',
      bucket: 'a',
      prefix: 'p/',
    });
    expect(await storeOf(text, { flags: { 's3-prefix': 'q' } })).toEqual({
      kind: 's3',
      bucket: 'a',
      prefix: 'q/',
    });
    expect(await storeOf('[main]\nBUCKET=b\nS3_PREFIX=q\n', { flags: { store: 's3://a/p' } })).toEqual({
      kind: 's3',
      bucket: 'a',
      prefix: 'p/',
    });
    const env = { BUCKET: 'b', ZFS3BACKUP_STORE: 'file:///x' };
    expect(await storeOf(text, { env })).toEqual({
      kind: 'directory',
      path: '/x',
      prefix: 'zfs3backup-backup/',
    });
  });

  it('is asked for by the commands that need one', async () => {
    const { config } = await load('[main]\n');
    expect(() => demandStore(config, file)).toThrow(ConfigError);
    expect(() => demandStore(config, file)).toThrow('configuration: no store is named');
    try {
      demandStore(config, file);
    } catch (error) {
      const { advice } = error as ConfigError;
      for (const way of ['--store', '--bucket', 'ZFS3BACKUP_STORE', 'BUCKET', 'STORE=', file]) {
        expect(advice).toContain(way);
      }
    }
    expect(() => demandDataset(config)).toThrow('configuration: no dataset is named');
    const named = await load('[main]\nBUCKET=b\nFILESYSTEM=tank\n');
    expect(demandStore(named.config).kind).toBe('s3');
    expect(demandDataset(named.config)).toBe('tank');
  });
});
