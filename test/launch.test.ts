import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, it } from 'vitest';

const BIN = fileURLToPath(new URL('../bin', import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'z3b-launch-'));
  await cp(BIN, join(folder, 'bin'), { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
});
afterEach(() => rm(folder, { recursive: true }));

const launch = () => execa(process.execPath, [join(folder, 'bin/zfs3backup.js')], { reject: false });

it('a checkout that was not built says so', async () => {
  const { exitCode, stderr } = await launch();
  expect(stderr).toBe('This checkout was not built yet: run `npm install && npm run build` in it.');
  expect(exitCode).toBe(1);
});

it('a checkout whose packages are missing says so, and which', async () => {
  await mkdir(join(folder, 'dist/cli'), { recursive: true });
  await writeFile(join(folder, 'dist/cli/main.js'), "import 'no-such-package';\n");
  const { exitCode, stderr } = await launch();
  expect(stderr).toContain("Cannot find package 'no-such-package'");
  expect(stderr).toContain('run `npm install && npm run build` in it.');
  expect(stderr.split('\n')).toHaveLength(2);
  expect(exitCode).toBe(1);
});
