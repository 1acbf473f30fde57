import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makePipe } from './stream/fixtures.ts';

const BIN = fileURLToPath(new URL('../bin', import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'z3b-launch-'));
  await cp(BIN, join(folder, 'bin'), { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
});
afterEach(() => rm(folder, { recursive: true }));

const launch = (...words: readonly string[]) =>
  execa(process.execPath, [join(folder, 'bin/zfs3backup.js'), ...words], { reject: false });

async function build(main: string): Promise<void> {
  await mkdir(join(folder, 'dist/cli'), { recursive: true });
  await writeFile(join(folder, 'dist/cli/main.js'), main);
}

it('a checkout that was not built says so', async () => {
  const { exitCode, stderr } = await launch();
  expect(stderr).toBe('This checkout was not built yet: run `npm install && npm run build` in it.');
  expect(exitCode).toBe(1);
});

it('a checkout whose packages are missing says so, and which', async () => {
  await build("import 'no-such-package';\n");
  const { exitCode, stderr } = await launch();
  expect(stderr).toContain("Cannot find package 'no-such-package'");
  expect(stderr).toContain('run `npm install && npm run build` in it.');
  expect(stderr.split('\n')).toHaveLength(2);
  expect(exitCode).toBe(1);
});

it.each([
  [130, 'SIGINT'],
  [143, 'SIGTERM'],
])(
  'status %i is the exit status, and %s ends what a pipe without a reader would keep',
  async (status, signal) => {
    await build(`
    import { writeFile } from 'node:fs';
    export async function runZfs3backup({ argv: [how, path], stdout }) {
      if (how === 'stdout') stdout.write(Buffer.alloc(1_000_000));
      if (how === 'file') writeFile(path, 'opened when somebody reads it', () => {});
      return ${status};
    }
  `);
    expect(await launch('nothing')).toMatchObject({ exitCode: status });
    const { fd, writer } = await makePipe(folder);
    const program = join(folder, 'bin/zfs3backup.js');
    const stalled = spawn(process.execPath, [program, 'stdout'], { stdio: ['ignore', writer, 'inherit'] });
    expect(await once(stalled, 'exit')).toEqual([null, signal]);
    closeSync(fd);
    closeSync(writer);
    const unread = join(folder, 'unread');
    await execa('mkfifo', [unread]);
    expect(await launch('file', unread)).toMatchObject({ signal });
  },
);
