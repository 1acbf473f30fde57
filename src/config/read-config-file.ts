import { open } from 'node:fs/promises';
import { Zfs3BackupError } from '../errors.ts';
import { errnoOf, sayUnread } from '../store/unread-file.ts';
import type { Environment, Findings } from './layers.ts';
import { parseBoolean } from './parse-value.ts';

/** A file as it was found. */
export interface ConfigText {
  readonly file: string;
  readonly content: string;
  /** Permission bits; `undefined` for what is not a regular file. */
  readonly mode: number | undefined;
}

export interface WhereToLook {
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: Environment;
  /** Where a file is looked for when none was named. */
  readonly searchFiles: readonly string[];
}

/** The file that was named, else the first that there is; `undefined` for none. What cannot be read is a problem. */
export async function readConfigFile(
  { flags, env, searchFiles }: WhereToLook,
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
      const message = `${sayUnread(error)}; SKIP_CONFIG_FILE=true does without it`;
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
    findings.problems.push({ where, message: `${name} ${sayUnread(error)}` });
    return undefined;
  }
}

async function readText(file: string): Promise<ConfigText> {
  await using handle = await open(file, 'r');
  const stat = await handle.stat();
  const content = decodeText(await handle.readFile());
  return { file, content, mode: stat.isFile() ? stat.mode & 0o777 : undefined };
}

/** Another encoding would silently make other names of what it says. */
function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    const whole = new TextDecoder().decode(bytes);
    const lines = whole.slice(0, whole.indexOf('\uFFFD')).split('\n').length;
    throw new Zfs3BackupError('USAGE', `is not UTF-8 (line ${lines}): save it as such`, { cause });
  }
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

function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(errnoOf(error));
}
