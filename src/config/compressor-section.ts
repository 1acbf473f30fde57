import { Zfs3BackupError } from '../errors.ts';
import type { ExternalFilter } from '../filters/filter.ts';
import { parseArgv } from './argv.ts';
import type { Findings } from './layers.ts';
import { nearest } from './nearest.ts';
import type { IniEntry, IniSection } from './parse.ts';
import { BUILT_IN_COMPRESSORS } from './schema.ts';

const KEYS: readonly string[] = ['compress', 'decompress'];

/** Reads a `[compressor:NAME]` section; with problems in it too, so that its name is not called unknown as well. */
export function readCompressor(
  section: IniSection,
  name: string,
  repeated: boolean,
  at: (line: number) => string,
  findings: Findings,
): ExternalFilter {
  const report = (line: number, message: string) => findings.problems.push({ where: at(line), message });
  if (repeated) report(section.line, `[compressor:${name}] stands in this file twice`);
  if (BUILT_IN_COMPRESSORS.includes(name)) {
    report(section.line, `the compressor ${name} is built in: choose another name`);
  } else if (!/^[A-Za-z0-9][\w.+-]*$/.test(name)) {
    report(section.line, `\`${name}\` cannot name a compressor: use letters, digits and . _ + -`);
  }
  const lines = new Map<string, readonly string[]>();
  for (const entry of section.entries) {
    const key = entry.key.toLowerCase();
    if (!KEYS.includes(key)) {
      report(
        entry.line,
        `unknown key ${entry.key} in [${section.name}]; the nearest known one is ${nearest(key, KEYS)}`,
      );
      continue;
    }
    if (lines.has(key)) report(entry.line, `${key} stands in [${section.name}] twice`);
    lines.set(key, readLine(entry, key, report));
  }
  for (const key of KEYS) {
    if (!lines.has(key))
      report(section.line, `[${section.name}] has no ${key}= line: both directions are needed`);
  }
  return { name, compress: lines.get('compress') ?? [], decompress: lines.get('decompress') ?? [] };
}

function readLine(
  entry: IniEntry,
  key: string,
  report: (line: number, message: string) => void,
): readonly string[] {
  try {
    const words = parseArgv(entry.text);
    if (words.length === 0) report(entry.line, `${key} is empty: name a program and its arguments`);
    return words;
  } catch (error) {
    if (!(error instanceof Zfs3BackupError)) throw error;
    report(entry.line, `${key}: ${error.message}`);
    return [];
  }
}
