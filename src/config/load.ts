import { basename } from 'node:path';
import { ConfigError, type ConfigProblem } from '../errors.ts';
import { checkKeyFile } from './check-key-file.ts';
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
import { type ConfigText, readConfigFile } from './read-config-file.ts';
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
  const text = await readConfigFile({ flags, env, searchFiles }, findings);
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
  await checkKeyFile(config, layers, findings);
  if (text !== undefined) findings.warnings.push(...warningsOf(text, file, layers));
  if (findings.problems.length > 0) throw new ConfigError(inOrder(findings.problems));
  return {
    config,
    configFor: (dataset) => resolveConfig(layers, dataset).config,
    datasets: [...file.datasets.keys()],
    warnings: inOrder(findings.warnings),
    file: text?.file,
  };
}

/** As one reads them: files by their lines, then the environment, then the command line. */
function inOrder(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  const place = ({ where }: ConfigProblem) => {
    if (where.startsWith('--')) return { group: 2, line: 0 };
    if (where.startsWith('environment ')) return { group: 1, line: 0 };
    return { group: 0, line: Number(/:(\d+)$/.exec(where)?.[1] ?? 0) };
  };
  return problems.toSorted((a, b) => place(a).group - place(b).group || place(a).line - place(b).line);
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
