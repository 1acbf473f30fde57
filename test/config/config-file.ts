import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { type LoadedConfig, type LoadOptions, loadConfig } from '../../src/config/load.ts';
import { ConfigError, exitStatusOf } from '../../src/errors.ts';

/** A file of its own for each test, in a folder of its own. */
export let folder: string;
export let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zfs3backup-config-'));
  file = join(folder, 'zfs3backup.conf');
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

export async function load(text: string, options: LoadOptions = {}): Promise<LoadedConfig> {
  await writeFile(file, text, { mode: 0o600 });
  return loadConfig({ env: {}, searchFiles: [file], ...options });
}

/** `where: message` of each problem; the file's folder is left out. */
export async function problemsOf(loading: Promise<unknown>): Promise<string[]> {
  const error = await loading.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ConfigError);
  expect(exitStatusOf(error)).toBe(2);
  const { problems } = error as ConfigError;
  return problems.map(({ where, message }) => `${where}: ${message}`.replaceAll(`${folder}/`, ''));
}

export function warningsOf(loaded: LoadedConfig): string[] {
  return loaded.warnings.map(({ where, message }) => `${where}: ${message}`.replaceAll(`${folder}/`, ''));
}
