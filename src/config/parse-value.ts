import { Zfs3BackupError } from '../errors.ts';
import { parseRetention, type RetentionRules } from '../lineage/retention.ts';
import {
  parseBucket,
  parseEndpoint,
  parsePrefix,
  parseStoreUrl,
  refuseControlCharacters,
  type StoreUrl,
} from '../store/store-url.ts';
import { parseArgv } from './argv.ts';
import { unquote } from './parse.ts';
import { parseDuration, parseRate } from './rate.ts';
import type { SCHEMA, Setting, SettingKey, SettingType } from './schema.ts';
import { parseSize, renderSize } from './size.ts';

interface TypedValues {
  string: string;
  size: number;
  /** Bytes in a second. */
  rate: number;
  /** Seconds. */
  duration: number;
  integer: number;
  boolean: boolean;
  argv: readonly string[];
  choice: string;
  store: StoreUrl;
  bucket: string;
  prefix: string;
  dataset: string;
  tags: Readonly<Record<string, string>>;
  retention: RetentionRules;
  /** `undefined` inside stands for AWS. */
  endpoint: { readonly url: string | undefined };
}

type Typed<S> = S extends { readonly type: 'choice'; readonly choices: readonly (infer C)[] }
  ? C
  : S extends { readonly type: infer T extends SettingType }
    ? TypedValues[T]
    : never;

/** What the text of a setting is read as. */
export type ValueOf<K extends SettingKey> = Typed<(typeof SCHEMA)[K]>;

/** One value as a reader of any type sees it. */
export type Value = TypedValues[SettingType];

const READERS: { readonly [T in SettingType]: (text: string, setting: Setting) => TypedValues[T] } = {
  string: parseText,
  size: (text, setting) => within(parseSize(text), text, setting),
  rate: (text, setting) => within(parseRate(text), text, setting),
  duration: (text, setting) => within(parseDuration(text), text, setting),
  integer: parseInteger,
  boolean: parseBoolean,
  argv: (text) => parseArgv(text),
  choice: parseChoice,
  store: parseStoreUrl,
  bucket: parseBucket,
  prefix: parsePrefix,
  dataset: parseDataset,
  tags: parseTags,
  retention: parseRetention,
  endpoint: (text) => ({ url: parseEndpoint(text) }),
};

/** Reads the text of one setting; quotes are those of a file. Throws USAGE, never repeating a secret. */
export function parseValue(text: string, setting: Setting): Value {
  return READERS[setting.type](text, setting);
}

/** As it stands in a file: quotes around the whole are taken off, except from argv lines, which have their own. */
export function textInFile(text: string, setting: Setting): string {
  return setting.type === 'argv' ? text : unquote(text);
}

export function parseBoolean(text: string): boolean {
  const word = text.toLowerCase();
  if (['true', 'yes', 'on', '1'].includes(word)) return true;
  if (['false', 'no', 'off', '0'].includes(word)) return false;
  throw usage(`\`${text}\` is neither true nor false`);
}

function parseText(text: string): string {
  refuseControlCharacters(text);
  return text;
}

function parseInteger(text: string, setting: Setting): number {
  if (!/^-?\d+$/.test(text)) throw usage(`\`${text}\` is not a whole number`);
  return within(Number(text), text, setting);
}

function within(value: number, text: string, setting: Setting): number {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = setting;
  const render = setting.type === 'size' ? renderSize : String;
  if (value < min) throw usage(`\`${text}\` is too small: the least is ${render(min)}`);
  if (value > max) throw usage(`\`${text}\` is too large: the most is ${render(max)}`);
  return value;
}

function parseChoice(text: string, { choices = [] }: Setting): string {
  const choice = choices.find((one) => one.toLowerCase() === text.toLowerCase());
  if (choice === undefined) throw usage(`\`${text}\` is none of ${choices.join(', ')}`);
  return choice;
}

/** Throws USAGE for what no dataset can be called, which would otherwise silently be another one, or none. */
export function parseDataset(text: string): string {
  if (text.includes('@')) throw usage(`\`${text}\` is a snapshot: a dataset has no @`);
  if (text.startsWith('-')) throw usage(`\`${text}\` is not a dataset: no name starts with -`);
  if (/^\/|\/$|\/\//.test(text)) {
    const meant = text.split('/').filter(Boolean).join('/');
    throw usage(`\`${text}\` is not a dataset: ${meant === '' ? 'it has no name' : `write ${meant}`}`);
  }
  return parseText(text);
}

/** S3's own limits, so that a mistake shows before the first request. */
function parseTags(text: string): Readonly<Record<string, string>> {
  const pairs = text.split(',').map((pair) => pair.trim());
  if (pairs.length > 10) throw usage(`has ${pairs.length} tags: an object takes 10`);
  const tags: Record<string, string> = {};
  for (const pair of pairs) {
    const [, name = '', value = ''] = /^([^=]+)=(.*)$/.exec(pair) ?? [];
    if (name === '') throw usage(`\`${pair}\` is not a tag: write name=value,name=value`);
    if (!/^[\p{L}\p{N} +\-=._:/@]*$/u.test(name + value)) {
      throw usage(`\`${pair}\`: a tag has letters, digits, blanks and + - = . _ : / @ only`);
    }
    if (name.length > 128 || value.length > 256) {
      throw usage(`\`${pair}\`: a tag's name has 128 characters at most, its value 256`);
    }
    if (Object.hasOwn(tags, name)) throw usage(`has the tag ${name} twice`);
    tags[name] = value;
  }
  return tags;
}

function usage(message: string): Zfs3BackupError {
  return new Zfs3BackupError('USAGE', message);
}
