import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type LoadOptions, loadConfig } from '../../src/config/load.ts';
import { file, folder, load, problemsOf, warningsOf } from './config-file.ts';

describe('the file', () => {
  const named = '[main]\nBUCKET=named\n';

  it('is --config, else ZFS3BACKUP_CONFIG, else the first that exists', async () => {
    await writeFile(join(folder, 'a'), '[main]\nBUCKET=a\n');
    await writeFile(join(folder, 'b'), '[main]\nBUCKET=b\n');
    const bucket = async (options: LoadOptions) => {
      const { config, file: used } = await load(named, options);
      return [config.store, used];
    };
    const store = (name: string) => ({ kind: 's3', bucket: name, prefix: 'zfs3backup-backup/' });
    const env = { ZFS3BACKUP_CONFIG: join(folder, 'b') };
    expect(await bucket({ flags: { config: join(folder, 'a') }, env })).toEqual([
      store('a'),
      join(folder, 'a'),
    ]);
    expect(await bucket({ env })).toEqual([store('b'), join(folder, 'b')]);
    const searchFiles = [join(folder, 'none'), join(file, 'below'), file, join(folder, 'a')];
    expect(await bucket({ searchFiles })).toEqual([store('named'), file]);
    expect(await bucket({ searchFiles: [] })).toEqual([undefined, undefined]);
  });

  it('is not read with SKIP_CONFIG_FILE=true', async () => {
    for (const word of ['true', 'True', '1']) {
      const env = { SKIP_CONFIG_FILE: word, ZFS3BACKUP_CONFIG: join(folder, 'none') };
      const loaded = await load(named, { env });
      expect(loaded).toMatchObject({ file: undefined, warnings: [], config: { store: undefined } });
    }
    const loaded = await load(named, { env: { SKIP_CONFIG_FILE: 'true' }, flags: { config: file } });
    expect(loaded.config.store).toBeUndefined();
    expect(warningsOf(loaded)).toEqual(['--config: is not read: SKIP_CONFIG_FILE is set']);
    expect((await load(named, { env: { SKIP_CONFIG_FILE: 'false' } })).file).toBe(file);
    expect(await problemsOf(load(named, { env: { SKIP_CONFIG_FILE: 'maybe' } }))).toEqual([
      'environment SKIP_CONFIG_FILE: `maybe` is neither true nor false',
    ]);
  });

  it('that was named and cannot be read is an error', async () => {
    const none = join(folder, 'none');
    expect(await problemsOf(load(named, { flags: { config: none } }))).toEqual([
      '--config: none does not exist',
    ]);
    expect(await problemsOf(load(named, { env: { ZFS3BACKUP_CONFIG: folder } }))).toEqual([
      `environment ZFS3BACKUP_CONFIG: ${folder} is a folder, not a file`,
    ]);
    expect(await problemsOf(load(named, { flags: { config: '' } }))).toEqual([
      '--config: names no file, or more than one',
    ]);
  });

  it('in another encoding is an error, for it would say other names', async () => {
    await writeFile(file, Buffer.from('[main]\nBUCKET=b\nFILESYSTEM=tank/\xe4\n', 'latin1'));
    expect(await problemsOf(loadConfig({ env: {}, flags: { config: file } }))).toEqual([
      '--config: zfs3backup.conf is not UTF-8 (line 3): save it as such',
    ]);
  });

  it('that was found and cannot be read is an error', async () => {
    await mkdir(join(folder, 'd'));
    expect(await problemsOf(load(named, { searchFiles: [join(folder, 'd'), file] }))).toEqual([
      'd: is a folder, not a file; SKIP_CONFIG_FILE=true does without it',
    ]);
  });

  it.each([0o640, 0o604, 0o660])('that holds a secret gets a warning with mode %o', async (mode) => {
    const secret = '[main]\nS3_KEY_ID=id\nS3_SECRET=hush\n';
    await writeFile(file, secret);
    await chmod(file, mode);
    const loaded = await loadConfig({ env: {}, flags: { config: file } });
    expect(warningsOf(loaded)).toEqual([
      `zfs3backup.conf: holds S3_SECRET and is open to other users (mode 0${mode.toString(8)}): chmod 600 zfs3backup.conf`,
    ]);
    await chmod(file, 0o600);
    expect((await loadConfig({ env: {}, flags: { config: file } })).warnings).toEqual([]);
    await writeFile(file, '[main]\nS3_KEY_ID=\nS3_SECRET=\n');
    await chmod(file, mode);
    expect((await loadConfig({ env: {}, flags: { config: file } })).warnings).toEqual([]);
  });

  it('of z3 without S3_PREFIX gets a warning, for z3 had another default', async () => {
    const z3 = join(folder, 'z3.conf');
    await writeFile(z3, '[main]\nBUCKET=b\nCONCURRENCY=64\n');
    const loaded = await loadConfig({ env: {}, searchFiles: [z3] });
    expect(warningsOf(loaded)).toEqual([expect.stringContaining('write S3_PREFIX=z3-backup/')]);
    expect((await loadConfig({ env: { S3_PREFIX: 'x' }, searchFiles: [z3] })).warnings).toEqual([]);
  });
});
