import { Zfs3BackupError } from '../errors.ts';
import { parseArgv } from './argv.ts';
import { unquote } from './parse.ts';
import type { SCHEMA, Setting, SettingKey, SettingType } from './schema.ts';
import { parseSize } from './size.ts';
import { parseBucket, parsePrefix, parseStoreUrl, type StoreUrl } from './store-url.ts';

interface TypedValues {
  string: string;
  size: number;
  integer: number;
  boolean: boolean;
  argv: readonly string[];
  choice: string;
  store: StoreUrl;
  bucket: string;
  prefix: string;
  dataset: string;
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
  integer: parseInteger,
  boolean: parseBoolean,
  argv: (text) => parseArgv(text),
  choice: parseChoice,
  store: parseStoreUrl,
  bucket: parseBucket,
  prefix: parsePrefix,
  dataset: parseDataset,
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

/** An http(s) URL without a trailing slash; `undefined` for `aws`. Throws USAGE. */
export function parseEndpoint(text: string): string | undefined {
  if (text.toLowerCase() === 'aws') return undefined;
  if (!/^https?:\/\//i.test(text)) {
    const host = /^[\w.-]+(:\d+)?$/.test(text) ? `: write https://${text}` : '';
    throw usage(`is neither \`aws\` nor a URL that starts with http:// or https://${host}`);
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw usage(`\`${text}\` is not a URL`);
  // The URL may hold a secret there, so it is not repeated.
  if (url.username !== '' || url.password !== '') throw usage('an endpoint holds no credentials');
  if (url.search !== '' || url.hash !== '')
    throw usage(`\`${text}\` has a ? or # part, which an endpoint has not`);
  return url.href.replace(/\/+$/, '');
}

/** Whether an endpoint is AWS's own, where buckets are host names. */
export function isAwsEndpoint(url: string): boolean {
  return /\.amazonaws\.com(\.cn)?$/.test(new URL(url).hostname);
}

function parseText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
  if (/[\u0000-\u001f\u007f]/.test(text)) throw usage('holds a control character');
  return text;
}

function parseInteger(text: string, setting: Setting): number {
  if (!/^-?\d+$/.test(text)) throw usage(`\`${text}\` is not a whole number`);
  return within(Number(text), text, setting);
}

function within(value: number, text: string, { min = 0, max = Number.MAX_SAFE_INTEGER }: Setting): number {
  if (value < min) throw usage(`\`${text}\` is too small: the least is ${min}`);
  if (value > max) throw usage(`\`${text}\` is too large: the most is ${max}`);
  return value;
}

function parseChoice(text: string, { choices = [] }: Setting): string {
  const choice = choices.find((one) => one.toLowerCase() === text.toLowerCase());
  if (choice === undefined) throw usage(`\`${text}\` is none of ${choices.join(', ')}`);
  return choice;
}

function parseDataset(text: string): string {
  if (text.includes('@')) throw usage(`\`${text}\` is a snapshot: a dataset has no @`);
  if (text.startsWith('-')) throw usage(`\`${text}\` is not a dataset: no name starts with -`);
  return parseText(text);
}

function usage(message: string): Zfs3BackupError {
  return new Zfs3BackupError('USAGE', message);
}
