import { type ConfigProblem, Zfs3BackupError } from '../errors.ts';
import { editDistance, nearest } from './nearest.ts';
import { parseValue, type Value, type ValueOf } from './parse-value.ts';
import { SCHEMA, type Setting, type SettingKey } from './schema.ts';

/** Where a value came from, in the order of precedence. */
export const RANK = { flag: 5, ownEnvironment: 4, environment: 3, dataset: 2, main: 1, default: 0 } as const;
export type Rank = (typeof RANK)[keyof typeof RANK];

/** One value as one layer gives it. */
export interface Given<V = Value> {
  readonly value: V;
  /** `FILE:LINE`, `--flag` or `environment NAME`. */
  readonly where: string;
  readonly rank: Rank;
}

export type Layer = Map<SettingKey, Given>;

/** What was found while reading; every reader adds to it, so that all problems are told at once. */
export interface Findings {
  readonly problems: ConfigProblem[];
  readonly warnings: ConfigProblem[];
  /** Keys with a value that could not be read: they are not missing, so nothing else complains of that. */
  readonly broken: Set<SettingKey>;
}

export const SETTINGS = Object.entries(SCHEMA) as ReadonlyArray<readonly [SettingKey, Setting]>;

/** The value that a layer gives for a key, with the type that the schema says. */
export function given<K extends SettingKey>(layer: Layer | undefined, key: K): Given<ValueOf<K>> | undefined {
  // The layer was filled by `parseValue` with the setting of this very key.
  return layer?.get(key) as Given<ValueOf<K>> | undefined;
}

/** Reads one text into a layer; what is wrong with it becomes a problem. */
export function put(
  layer: Layer,
  key: SettingKey,
  text: string,
  origin: { readonly where: string; readonly rank: Rank; readonly hint?: string },
  findings: Findings,
): void {
  const setting: Setting = SCHEMA[key];
  const { where, rank } = origin;
  try {
    if (text === '' && setting.empty === undefined && rank !== RANK.flag) return;
    if (text === '' && setting.empty !== 'value') throw refusedEmpty(setting);
    layer.set(key, { value: parseValue(text, setting), where, rank });
  } catch (error) {
    if (!(error instanceof Zfs3BackupError)) throw error;
    findings.broken.add(key);
    findings.problems.push({ where, message: `${prefixFor(rank, key)}${error.message}${origin.hint ?? ''}` });
  }
}

/** `flags` is what the command line's parser returns; names that are no setting's are the caller's own. */
export function readFlags(flags: Readonly<Record<string, unknown>>, findings: Findings): Layer {
  const layer: Layer = new Map();
  for (const [key, setting] of SETTINGS) {
    const names = setting.flag === undefined ? [] : [setting.flag, ...(setting.aliases ?? [])];
    const name = names.find((one) => flags[one] !== undefined);
    if (name === undefined) continue;
    const where = `--${name}`;
    const value = flags[name];
    if (Array.isArray(value)) {
      findings.broken.add(key);
      findings.problems.push({ where, message: `is given ${value.length} times: once is meant` });
    } else {
      put(layer, key, String(value), { where, rank: RANK.flag }, findings);
    }
  }
  return layer;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** The prefixed name of a setting hides its bare one, so that a foreign variable can do no harm. */
export function readEnvironment(env: Environment, findings: Findings): { own: Layer; bare: Layer } {
  const own: Layer = new Map();
  const bare: Layer = new Map();
  for (const [key, setting] of SETTINGS) {
    const name = setting.environment.find((one) => env[one] !== undefined);
    if (name === undefined) continue;
    const where = `environment ${name}`;
    const text = (env[name] ?? '').trim();
    if (name === key) {
      const hint = ` (if this variable is another program's, set ZFS3BACKUP_${key})`;
      put(bare, key, text, { where, rank: RANK.environment, hint }, findings);
    } else {
      put(own, key, text, { where, rank: RANK.ownEnvironment }, findings);
    }
  }
  findings.warnings.push(...misspeltVariables(env));
  return { own, bare };
}

/** What holds where nothing was said: a variable that other programs share, else the default. */
export function readDefaults(env: Environment = {}, findings?: Findings): Layer {
  const layer: Layer = new Map();
  for (const [key, setting] of SETTINGS) {
    const shared = setting.lastEnvironment?.find((name) => env[name]);
    if (shared !== undefined && findings !== undefined) {
      const where = `environment ${shared}`;
      put(layer, key, (env[shared] ?? '').trim(), { where, rank: RANK.default }, findings);
      if (layer.has(key)) continue;
    }
    if (setting.default === undefined) continue;
    layer.set(key, { value: parseValue(setting.default, setting), where: 'default', rank: RANK.default });
  }
  return layer;
}

function misspeltVariables(env: Environment): ConfigProblem[] {
  const known = [...SETTINGS.flatMap(([, { environment }]) => environment), 'ZFS3BACKUP_CONFIG'];
  return Object.keys(env).flatMap((name) => {
    if (!name.startsWith('ZFS3BACKUP_') || known.includes(name)) return [];
    const close = nearest(name, known);
    if (close === undefined || editDistance(name, close) > 2) return [];
    return [{ where: `environment ${name}`, message: `is not read; did you mean ${close}?` }];
  });
}

function refusedEmpty(setting: Setting): Zfs3BackupError {
  const root = setting.type === 'prefix' ? ': write / for the root of the bucket, or leave it out' : '';
  return new Zfs3BackupError('USAGE', `is empty${root}`);
}

/** A flag and a variable name the setting themselves; a line of a file does not. */
function prefixFor(rank: Rank, key: string): string {
  return rank === RANK.main || rank === RANK.dataset ? `${key}: ` : '';
}
