import { type ConfigProblem, Zfs3BackupError } from '../errors.ts';
import type { ExternalFilter } from '../filters/filter.ts';
import { COMPRESSOR_SECTION, FILTER_SECTION, readFilterSection } from './filter-section.ts';
import { type Findings, type Layer, put, RANK, type Rank, SETTINGS } from './layers.ts';
import { nearest } from './nearest.ts';
import { type IniEntry, type IniSection, isHalfQuoted, parseIni, unquote } from './parse.ts';
import { parseDataset, textInFile } from './parse-value.ts';
import { SCHEMA, type Setting, type SettingKey } from './schema.ts';

/** What one file gives. */
export interface FileLayers {
  readonly main: Layer;
  /** By dataset. */
  readonly datasets: ReadonlyMap<string, Layer>;
  readonly compressors: readonly ExternalFilter[];
  /** Those of `[filter:NAME]`, which may encrypt. */
  readonly filters: readonly ExternalFilter[];
}

export const NO_FILE: FileLayers = { main: new Map(), datasets: new Map(), compressors: [], filters: [] };

const KEYS: readonly string[] = Object.keys(SCHEMA);
const DATASET_KEYS = SETTINGS.filter(([, setting]) => setting.perDataset).map(([key]) => key);

/** Reads the text of a file; `file` is its name in problems. */
export function readFileLayers(text: string, file: string, findings: Findings): FileLayers {
  const { sections, problems } = parseIni(text);
  const at = (line: number) => `${file}:${line}`;
  findings.problems.push(...problems.map(({ line, message }) => ({ where: at(line), message })));
  const main: Layer = new Map();
  const datasets = new Map<string, Layer>();
  const compressors = new Map<string, ExternalFilter>();
  const filters = new Map<string, ExternalFilter>();
  for (const section of sections) {
    const dataset = nameAfter('fs:', section.name);
    const compressor = nameAfter('compressor:', section.name);
    const filter = nameAfter('filter:', section.name);
    if (section.name === 'main') {
      readSettings(section, main, RANK.main, at, findings);
    } else if (dataset) {
      const layer = datasets.get(dataset) ?? new Map();
      datasets.set(dataset, layer);
      readSettings(section, layer, RANK.dataset, at, findings);
      const message = problemOf(dataset);
      if (message !== undefined)
        findings.problems.push({ where: at(section.line), message: `[${section.name}]: ${message}` });
    } else if (compressor) {
      const repeated = compressors.has(compressor) || filters.has(compressor);
      const read = readFilterSection(COMPRESSOR_SECTION, section, compressor, repeated, at, findings);
      compressors.set(compressor, read);
    } else if (filter) {
      const repeated = compressors.has(filter) || filters.has(filter);
      filters.set(filter, readFilterSection(FILTER_SECTION, section, filter, repeated, at, findings));
    } else {
      findings.problems.push({ where: at(section.line), message: unknownSection(section.name) });
    }
  }
  return { main, datasets, compressors: [...compressors.values()], filters: [...filters.values()] };
}

/** Why no dataset can be called so; `undefined` where one can. */
function problemOf(dataset: string): string | undefined {
  try {
    parseDataset(dataset);
    return undefined;
  } catch (error) {
    if (!(error instanceof Zfs3BackupError)) throw error;
    return error.message;
  }
}

function readSettings(
  section: IniSection,
  layer: Layer,
  rank: Rank,
  at: (line: number) => string,
  findings: Findings,
): void {
  for (const entry of section.entries) {
    const where = at(entry.line);
    // The predecessors took keys in either case.
    const key = entry.key.toUpperCase();
    if (!isKey(key)) {
      reportForeign(entry, section, where, findings);
    } else if (rank === RANK.dataset && !DATASET_KEYS.includes(key)) {
      findings.problems.push({ where, message: notPerDataset(key, section.name) });
    } else {
      const before = layer.get(key);
      if (before !== undefined) {
        findings.warnings.push({
          where,
          message: `${key} is also set at ${before.where}; the later line counts`,
        });
      }
      if (/%\([^)]*\)s/.test(entry.text)) {
        findings.warnings.push({
          where,
          message: `${key}: %(…)s is taken literally, nothing is put in its place`,
        });
      }
      if (SCHEMA[key].type !== 'argv' && isHalfQuoted(entry.text)) {
        const message = `${key}: the quote in front is not closed, so it is taken for a part of the value`;
        findings.warnings.push({ where, message });
      }
      put(layer, key, textInFile(entry.text, SCHEMA[key]), { where, rank }, findings);
    }
  }
}

/** Keys that z3 knew and this program does not: a warning where nothing is lost by leaving them out. */
function reportForeign(entry: IniEntry, section: IniSection, where: string, findings: Findings): void {
  const key = entry.key.toUpperCase();
  const host = unquote(entry.text);
  if (key === 'GPG_RECIPIENT') {
    const message = 'GPG_RECIPIENT is not used: ENCRYPTOR=gpg encrypts, for those in GPG_RECIPIENTS';
    findings.warnings.push({ where, message });
  } else if (key === 'HOST') {
    const endpoint = section.entries.some((one) => one.key.toUpperCase() === 'ENDPOINT');
    const harmless = host === '' || endpoint || /(^|\.)amazonaws\.com(\.cn)?$/.test(host);
    if (harmless)
      findings.warnings.push({
        where,
        message: 'HOST is not used: ENDPOINT and REGION say where the server is',
      });
    else
      findings.problems.push({
        where,
        message: `HOST is not used any more: write ENDPOINT=${host.includes('://') ? host : `https://${host}`}`,
      });
  } else {
    findings.problems.push(unknownKey(entry.key, section.name, where));
  }
}

function unknownKey(key: string, section: string, where: string): ConfigProblem {
  // In a dataset's section a key of [main] may be the nearest all the same; of two that are as near, its own.
  const known = section === 'main' ? KEYS : [...DATASET_KEYS, ...KEYS];
  const near = nearest(key, known) ?? '';
  const isForMain = section !== 'main' && !DATASET_KEYS.some((one) => one === near);
  const hint = isForMain ? ', which belongs in [main]' : '';
  const message = `unknown key ${key} in [${section}]; the nearest known one is ${near}${hint}`;
  return { where, message };
}

function notPerDataset(key: string, section: string): string {
  return `${key} cannot be set in [${section}]: it belongs in [main]; a dataset may have ${DATASET_KEYS.join(', ')}`;
}

function unknownSection(name: string): string {
  const [head = '', ...rest] = name.split(':');
  const tail = rest.join(':');
  const looksLikeDataset = rest.length === 0 && name.includes('/');
  const isDataset = looksLikeDataset || ['dataset', 'filesystem'].includes(head.toLowerCase());
  const kind = isDataset ? 'fs' : nearest(head, ['main', 'fs', 'compressor', 'filter']);
  const placeholder = kind === 'fs' ? 'DATASET' : 'NAME';
  const known = kind === 'main' ? 'main' : `${kind}:${looksLikeDataset ? name : tail || placeholder}`;
  return `unknown section [${name}]; the nearest known one is [${known}]`;
}

function nameAfter(prefix: string, section: string): string | undefined {
  return section.startsWith(prefix) ? section.slice(prefix.length).trim() : undefined;
}

function isKey(key: string): key is SettingKey {
  return KEYS.includes(key);
}

/** Whether a file's layers hold a secret. */
export function holdsSecret({ main }: FileLayers): boolean {
  return SETTINGS.some(([key, setting]: readonly [SettingKey, Setting]) => setting.secret && main.has(key));
}
