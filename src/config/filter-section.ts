import { Zfs3BackupError } from '../errors.ts';
import type { ExternalFilter } from '../filters/filter.ts';
import { parseArgv } from './argv.ts';
import type { Findings } from './layers.ts';
import { nearest } from './nearest.ts';
import type { IniEntry, IniSection } from './parse.ts';
import { BUILT_IN_COMPRESSORS, BUILT_IN_ENCRYPTORS } from './schema.ts';

type Report = (line: number, message: string) => void;

/** A kind of section that defines two programs, `[compressor:NAME]` or `[filter:NAME]`. */
export interface FilterSection {
  readonly kind: 'compressor' | 'filter';
  /** The keys of both directions: towards the store, and back. */
  readonly keys: readonly [string, string];
  /** Names that are taken already, and by what. */
  readonly taken: ReadonlyMap<string, string>;
}

export const COMPRESSOR_SECTION: FilterSection = {
  kind: 'compressor',
  keys: ['compress', 'decompress'],
  taken: namesOf('compressor', BUILT_IN_COMPRESSORS),
};

/** For encryptors of one's own; what they are called may stand as a compressor as well. */
export const FILTER_SECTION: FilterSection = {
  kind: 'filter',
  keys: ['encode', 'decode'],
  taken: new Map([
    ...namesOf('compressor', BUILT_IN_COMPRESSORS),
    ...namesOf('encryptor', BUILT_IN_ENCRYPTORS),
  ]),
};

/** Reads such a section; with problems in it too, so that its name is not called unknown as well. */
export function readFilterSection(
  { kind, keys, taken }: FilterSection,
  section: IniSection,
  name: string,
  repeated: boolean,
  at: (line: number) => string,
  findings: Findings,
): ExternalFilter {
  const report: Report = (line, message) => findings.problems.push({ where: at(line), message });
  if (repeated) report(section.line, `[${kind}:${name}] stands in this file twice`);
  const owner = taken.get(name);
  if (owner !== undefined) {
    report(section.line, `the ${owner} ${name} is built in: choose another name`);
  } else if (!/^[A-Za-z0-9][\w.+-]*$/.test(name)) {
    report(section.line, `\`${name}\` cannot name a ${kind}: use letters, digits and . _ + -`);
  }
  const lines = readLines(section, keys, report);
  for (const key of keys) {
    if (!lines.has(key))
      report(section.line, `[${section.name}] has no ${key}= line: both directions are needed`);
  }
  const [there, back] = keys;
  return { name, compress: lines.get(there) ?? [], decompress: lines.get(back) ?? [] };
}

function readLines(
  section: IniSection,
  keys: readonly string[],
  report: Report,
): ReadonlyMap<string, readonly string[]> {
  const lines = new Map<string, readonly string[]>();
  for (const entry of section.entries) {
    const key = entry.key.toLowerCase();
    if (!keys.includes(key)) {
      const known = nearest(key, keys);
      report(entry.line, `unknown key ${entry.key} in [${section.name}]; the nearest known one is ${known}`);
      continue;
    }
    if (lines.has(key)) report(entry.line, `${key} stands in [${section.name}] twice`);
    lines.set(key, readLine(entry, key, report));
  }
  return lines;
}

function readLine(entry: IniEntry, key: string, report: Report): readonly string[] {
  try {
    const words = parseArgv(entry.text);
    if (words.length === 0) report(entry.line, `${key} is empty: name a program and its arguments`);
    // A path may hold blanks, and is no line with flags then.
    if (words.length === 1 && /\s-/.test(words[0] ?? '')) {
      report(entry.line, `${key}: \`${words[0]}\` is one word with blanks in it: leave out the quotes`);
    }
    return words;
  } catch (error) {
    if (!(error instanceof Zfs3BackupError)) throw error;
    report(entry.line, `${key}: ${error.message}`);
    return [];
  }
}

function namesOf(owner: string, names: readonly string[]): ReadonlyMap<string, string> {
  return new Map(names.map((name) => [name, owner]));
}
