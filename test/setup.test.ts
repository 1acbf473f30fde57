import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, it } from 'vitest';

const SETUP = fileURLToPath(new URL('../scripts/setup.sh', import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'z3b-setup-'));
  await put('npm', '[ "$1" = ci ]');
  await put('id', 'echo 1000');
  // the native part of zstd-napi loads here, and is to be missing
  await put('node', `case "$*" in *zstd-napi*) exit 1 ;; esac\nexec '${process.execPath}' "$@"`);
  // what is installed keeps its time, for whoever installs in earnest
  await put('touch', ':');
});
afterEach(() => rm(folder, { recursive: true }));

const put = (name: string, body: string) =>
  writeFile(join(folder, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });

const setup = (...parts: readonly string[]) =>
  execa(SETUP, parts, { env: { PATH: [folder, process.env['PATH']].join(delimiter) }, reject: false });

it('zstd’s native part may be missing where it is not needed', async () => {
  const outcome = await setup('npm-or-less');
  expect(outcome.stderr).toContain('zstd cannot be used, all else can');
  expect(outcome.exitCode).toBe(0);
});

it('zstd’s native part is demanded elsewhere', async () => {
  const outcome = await setup('npm');
  expect(outcome.stderr).not.toContain('all else can');
  expect(outcome.exitCode).toBe(1);
});
