import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runZfs3backup } from '../../src/cli/main.ts';
import { readLineage } from '../../src/reading/read-lineage.ts';
import { readRecord } from '../../src/reading/read-record.ts';
import { createDirectoryStore } from '../../src/store/directory-store.ts';
import { makeTestKeys, type TestKeys } from '../filters/test-keys.ts';
import { fakeZfs } from './fake-zfs.ts';
import { runCli } from './run-cli.ts';

let keys: TestKeys;
beforeAll(async () => {
  keys = await makeTestKeys();
});
afterAll(() => keys.close());

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'encryption-'));
  await mkdir(join(folder, 'store'));
  await fakeZfs(folder, { 'tank/a': ['daily-1', 'daily-2'] });
});
afterEach(() => rm(folder, { recursive: true }));

function backup(...words: readonly string[]) {
  const place = ['--store', `file://${folder}/store`, '--dataset', 'tank/a', '--snapshot-prefix', 'daily'];
  return runCli(runZfs3backup, ['backup', ...place, ...words]);
}

async function stored(): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { key } of createDirectoryStore({ path: join(folder, 'store'), prefix: '' }).list('')) {
    if (!key.includes('/.')) found.push(key);
  }
  return found;
}

describe('backup --encryptor', () => {
  it('shows what a person would type, and how the object will be called', async () => {
    const { status, stdout } = await backup(
      '--encryptor',
      'age',
      '--age-recipients',
      keys.recipient,
      '--dry-run',
    );
    expect(status).toBe(0);
    expect(stdout).toContain(`zstd -3 | age --encrypt --recipient ${keys.recipient} | pput`);
    expect(stdout).toContain('--meta compressor=zstd --meta encryptor=age');
  });

  it('records the names of the keys, and never a key', async () => {
    const words = ['--encryptor', 'age', '--age-recipients', keys.recipient];
    expect(await backup(...words)).toMatchObject({ status: 0 });
    const store = createDirectoryStore({ path: join(folder, 'store'), prefix: 'zfs3backup-backup/' });
    const [entry] = (await readLineage(store, 'tank/a')).entries;
    const record = entry && (await readRecord(store, entry.backup));
    expect(record).toMatchObject({
      compressor: 'zstd',
      encryptor: 'age',
      filters: [{ name: 'zstd' }, { name: 'age', keyIds: [keys.recipient] }],
    });
    expect(JSON.stringify(record)).not.toContain('SECRET');
  });

  it('stores what the programs themselves can read', async () => {
    const words = ['--encryptor', 'gpg', '--gpg-recipients', keys.fingerprint, '--gpg-home', keys.gpgHome];
    expect(await backup(...words)).toMatchObject({ status: 0 });
    const body = join(folder, 'store/zfs3backup-backup/tank/a@daily-2');
    const line = `gpg --homedir ${keys.gpgHome} --batch --quiet --decrypt < ${body} 2>/dev/null | zstd -dc`;
    const text = execFileSync('sh', ['-c', line], { encoding: 'utf8' });
    expect(text).toContain('tank/a@daily-2');
  });

  it.each([
    ['age', ['--age-recipients', 'age1misspelt'], 'age cannot encrypt: malformed recipient'],
    ['gpg', ['--gpg-recipients', 'nobody@example.org'], 'gpg cannot encrypt: '],
  ])('says before anything is stored that %s cannot encrypt', async (encryptor, words, message) => {
    const home = ['--gpg-home', keys.gpgHome];
    for (const more of [[], ['--dry-run']]) {
      const { status, stderr } = await backup('--encryptor', encryptor, ...words, ...home, ...more);
      expect([status, stderr]).toEqual([1, expect.stringContaining(message)]);
    }
    expect(await stored()).toEqual([]);
  });

  it('is a mistake without anybody to encrypt for', async () => {
    const { status, stderr } = await backup('--encryptor', 'age');
    expect([status, stderr]).toEqual([2, expect.stringContaining('needs AGE_RECIPIENTS')]);
  });
});
