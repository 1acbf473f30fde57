import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { createBucket, s3Server } from './s3.ts';
import { createTestFolder } from './test-folder.ts';
import { createTestPool, type TestPool } from './zfs/test-pool.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MINUTES = 60_000;

/** An empty folder into which the packed package was installed, as a user does it. */
let folder: string;
let store: string;
let pool: TestPool;

beforeAll(async () => {
  pool = await createTestPool();
  await pool.zfs('create', `${pool.name}/data`);
  await pool.zfs('snapshot', `${pool.name}/data@zfs-auto-snap:daily-1`);
  folder = await createTestFolder('install');
  store = join(folder, 'store');
  await mkdir(store);
  const pack = await execa('npm', ['pack', '--json', '--pack-destination', folder], { cwd: ROOT });
  const packed: unknown = JSON.parse(pack.stdout.slice(pack.stdout.search(/^[[{]/m)));
  const [{ filename }] = Object.values(packed as Record<string, { filename: string }>) as [
    { filename: string },
  ];
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'user', type: 'module' }));
  await execa('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', `./${filename}`], {
    cwd: folder,
  });
}, 5 * MINUTES);

const run = (program: string, ...args: readonly string[]) =>
  execa(join(folder, 'node_modules/.bin', program), args, {
    env: { SKIP_CONFIG_FILE: 'true', ZFS3BACKUP_STORE: `file://${store}`, FILESYSTEM: `${pool.name}/data` },
    cwd: folder,
    reject: false,
    input: 'some bytes',
  });

describe('the installed package', () => {
  it('has working programs', async () => {
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
    expect(await run('zfs3backup', '--version')).toMatchObject({ exitCode: 0, stdout: version, stderr: '' });
    expect(await run('pput', 'a/key')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^\{"status": "success", "etag": ".+"\}$/),
    });
    expect(await run('zfs3backup_get', 'a/key')).toMatchObject({ exitCode: 0, stdout: 'some bytes' });
    expect(await run('zfs3backup', 'backup')).toMatchObject({ exitCode: 0 });
    expect((await run('zfs3backup', 'status')).stdout).toContain('zfs-auto-snap:daily-1');
    expect(await run('zfs3backup_ssh_sync')).toMatchObject({ exitCode: 2 });
  });

  it('holds what a user looks for, and no tests', async () => {
    const { stdout } = await execa('npm', ['ls', '--all', '--parseable'], { cwd: folder });
    expect(stdout).toContain('zfs3backup');
    const files = (await execa('find', [join(folder, 'node_modules/zfs3backup'), '-type', 'f'])).stdout;
    for (const file of ['sample.conf', 'docs/format.md', 'LICENSE', 'README.md', 'dist/index.d.ts'])
      expect(files).toContain(`zfs3backup/${file}\n`);
    expect(files).not.toMatch(/\.test\.|zfs3backup\/test/);
  });

  it('can be imported with its types', async () => {
    const code = `import { openStore, backup, restore, status, upload, download, planBackup, type BackupResult } from 'zfs3backup';
export const functions = [backup, planBackup, restore, status, upload];
export type To = Parameters<typeof download>[0]['output'];
export async function use(): Promise<BackupResult> {
  const store = await openStore('file:///tmp');
  // @ts-expect-error: a dataset is a text
  return backup({ store, dataset: 1 });
}
`;
    await writeFile(join(folder, 'use.ts'), code);
    const flags = [
      '--strict',
      '--noEmit',
      '--module',
      'nodenext',
      '--target',
      'es2023',
      '--skipLibCheck',
      'false',
    ];
    const tsc = join(ROOT, 'node_modules/.bin/tsc');
    // Without those of Node either, which not every user has.
    const outcome = await execa(tsc, [...flags, 'use.ts'], { cwd: folder, reject: false });
    expect(outcome.stdout).toBe('');
    expect(outcome.exitCode).toBe(0);
  });
});

describe('the library with an S3 store', () => {
  it('prints nothing, and needs nothing in the environment', async () => {
    const { endpoint, accessKeyId, secretAccessKey } = s3Server();
    const options = { endpoint, credentials: { accessKeyId, secretAccessKey } };
    const code = `import { openStore, upload } from 'zfs3backup';
const store = await openStore('s3://${await createBucket()}', ${JSON.stringify(options)});
await upload({ store, key: 'a/key', source: (async function* () { yield Buffer.from('bytes'); })() });
for await (const { key } of store.list('')) process.stdout.write(key);
store.close();
`;
    const file = join(folder, 's3.js');
    await writeFile(file, code);
    const outcome = await execa(process.execPath, [file], {
      cwd: folder,
      env: { PATH: process.env['PATH'] },
      extendEnv: false,
      reject: false,
    });
    expect(outcome.stderr).toBe('');
    expect(outcome.stdout).toBe('a/key');
  });
});

describe("the README's examples", async () => {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  const examples = [...readme.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code = '']) => code);
  const outputs = [/^stored 3890 bytes as \S+$/, /^zfs-auto-snap:daily-1 full - ok \d+$/m, /^\d stored$/m];

  it('are the three that are promised', () => {
    expect(examples).toHaveLength(outputs.length);
  });

  it.each(outputs.map((output, index) => [index + 1, output] as const))(
    'run: number %i',
    async (number, output) => {
      // the list of number 2 needs a backup, which the programs above may have made or not
      await run('zfs3backup', 'backup');
      const code = (examples[number - 1] ?? '')
        .replaceAll('s3://my-bucket', `file://${store}`)
        .replaceAll('tank/data', `${pool.name}/data`);
      const file = join(folder, `example-${number}.js`);
      await writeFile(file, code);
      const outcome = await execa(process.execPath, [file], { cwd: folder, reject: false });
      expect(outcome.stderr).toBe('');
      expect(outcome.stdout).toMatch(output);
    },
  );
});
