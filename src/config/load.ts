import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { ConfigError, type ConfigProblem, Zfs3BackupError } from '../errors.ts';
import type { Config } from './config.ts';
import { type FileLayers, holdsSecret, NO_FILE, readFileLayers } from './file-layers.ts';
import type { Layers } from './find-setting.ts';
import {
  type Environment,
  type Findings,
  given,
  readDefaults,
  readEnvironment,
  readFlags,
} from './layers.ts';
import { parseBoolean } from './parse-value.ts';
import { resolveConfig } from './resolve.ts';
import { checkLayers } from './rules.ts';
import { CONFIG_FILES } from './schema.ts';

export interface LoadOptions {
  /** What the command line's parser returns, keyed by flag without dashes; also `config`, the file to read. */
  readonly flags?: Readonly<Record<string, unknown>>;
  /** By default the process's own. */
  readonly env?: Environment;
  /** Where a file is looked for when none was named. */
  readonly searchFiles?: readonly string[];
}

export interface LoadedConfig {
  readonly config: Config;
  /** The same for another dataset, with what its `[fs:…]` section says. */
  readonly configFor: (dataset: string) => Config;
  /** Datasets that have a section of their own, in the order of the file. */
  readonly datasets: readonly string[];
  /** What works, but should be looked at. */
  readonly warnings: readonly ConfigProblem[];
  /** The file that was read. */
  readonly file: string | undefined;
}

/** Reads flags, environment and file; throws `ConfigError` with all problems of all of them. */
export async function loadConfig(options: LoadOptions = {}): Promise<LoadedConfig> {
  const { flags = {}, env = process.env, searchFiles = CONFIG_FILES } = options;
  const findings: Findings = { problems: [], warnings: [], broken: new Set() };
  const text = await readConfigFile(flags, env, searchFiles, findings);
  const file = text === undefined ? NO_FILE : readFileLayers(text.content, text.file, findings);
  const { own, bare } = readEnvironment(env, findings);
  const layers: Layers = {
    flags: readFlags(flags, findings),
    ownEnvironment: own,
    environment: bare,
    file,
    defaults: readDefaults(env, findings),
    broken: findings.broken,
  };
  checkLayers(layers, findings);
  const { config, problems } = resolveConfig(layers);
  findings.problems.push(...problems);
  if (text !== undefined) findings.warnings.push(...warningsOf(text, file, layers));
  if (findings.problems.length > 0) throw new ConfigError(findings.problems);
  return {
    config,
    configFor: (dataset) => resolveConfig(layers, dataset).config,
    datasets: [...file.datasets.keys()],
    warnings: findings.warnings,
    file: text?.file,
  };
}

interface ConfigText {
  readonly file: string;
  readonly content: string;
  /** Permission bits; `undefined` for what is not a regular file. */
  readonly mode: number | undefined;
}

async function readConfigFile(
  flags: Readonly<Record<string, unknown>>,
  env: Environment,
  searchFiles: readonly string[],
  findings: Findings,
): Promise<ConfigText | undefined> {
  const { config: flag } = flags;
  const { ZFS3BACKUP_CONFIG: variable } = env;
  if (isSkipped(env, findings)) {
    if (flag !== undefined)
      findings.warnings.push({ where: '--config', message: 'is not read: SKIP_CONFIG_FILE is set' });
    return undefined;
  }
  if (flag !== undefined) return readNamed(flag, '--config', findings);
  if (variable) return readNamed(variable, 'environment ZFS3BACKUP_CONFIG', findings);
  for (const file of searchFiles) {
    try {
      return await readText(file);
    } catch (error) {
      if (isMissing(error)) continue;
      const message = `cannot be read (${reasonOf(error)}); SKIP_CONFIG_FILE=true does without it`;
      findings.problems.push({ where: file, message });
      return undefined;
    }
  }
  return undefined;
}

async function readNamed(name: unknown, where: string, findings: Findings): Promise<ConfigText | undefined> {
  if (typeof name !== 'string' || name === '') {
    findings.problems.push({ where, message: 'names no file, or more than one' });
    return undefined;
  }
  try {
    return await readText(name);
  } catch (error) {
    findings.problems.push({ where, message: `${name} cannot be read (${reasonOf(error)})` });
    return undefined;
  }
}

async function readText(file: string): Promise<ConfigText> {
  await using handle = await open(file, 'r');
  const stat = await handle.stat();
  const content = await handle.readFile('utf8');
  return { file, content, mode: stat.isFile() ? stat.mode & 0o777 : undefined };
}

function isSkipped(env: Environment, findings: Findings): boolean {
  const { SKIP_CONFIG_FILE: text = '' } = env;
  if (text.trim() === '') return false;
  try {
    return parseBoolean(text.trim());
  } catch (error) {
    if (!(error instanceof Zfs3BackupError)) throw error;
    findings.problems.push({ where: 'environment SKIP_CONFIG_FILE', message: error.message });
    return true;
  }
}

function warningsOf({ file, mode }: ConfigText, layers: FileLayers, all: Layers): ConfigProblem[] {
  const warnings: ConfigProblem[] = [];
  if (mode !== undefined && (mode & 0o077) !== 0 && holdsSecret(layers)) {
    const octal = mode.toString(8).padStart(4, '0');
    warnings.push({
      where: file,
      message: `holds S3_SECRET and is open to other users (mode ${octal}): chmod 600 ${file}`,
    });
  }
  const named = [all.flags, all.ownEnvironment, all.environment, layers.main].some(
    (layer) => layer.has('S3_PREFIX') || layer.has('STORE'),
  );
  if (basename(file) === 'z3.conf' && !named) {
    const prefix = given(all.defaults, 'S3_PREFIX')?.value;
    const message = `sets no S3_PREFIX: z3 took z3-backup/, here it is ${prefix}; to go on with z3's backups write S3_PREFIX=z3-backup/`;
    warnings.push({ where: file, message });
  }
  return warnings;
}

function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(reasonOf(error));
}

function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
