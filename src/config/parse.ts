import { parse } from 'ini';

/** One `KEY=value` line. */
export interface IniEntry {
  readonly key: string;
  /** Without its comment, with its quotes: `unquote` takes them off, argv lines keep them. */
  readonly text: string;
  readonly line: number;
}

export interface IniSection {
  readonly name: string;
  readonly line: number;
  readonly entries: readonly IniEntry[];
}

export interface IniDocument {
  readonly sections: readonly IniSection[];
  readonly problems: readonly { readonly line: number; readonly message: string }[];
}

/**
 * Sections and entries in the order of the file, with their lines. The lines are taken apart here and only
 * values go to `ini` (see `unquote`): as a whole `ini` forgets line numbers and repeated keys, splits
 * `[fs:tank/my.data]` at the dot, cuts values at every `#` and `;`, and drops what it does not understand.
 */
export function parseIni(text: string): IniDocument {
  const sections: { name: string; line: number; entries: IniEntry[] }[] = [];
  const problems: { line: number; message: string }[] = [];
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\r|\n/)
    .entries()) {
    const line = index + 1;
    const content = raw.trim();
    if (content === '' || content.startsWith('#') || content.startsWith(';')) continue;
    const header = /^\[(.*?)\]\s*(?:[;#].*)?$/.exec(content);
    if (header !== null) {
      sections.push({ name: (header[1] ?? '').trim(), line, entries: [] });
      continue;
    }
    // Python's ConfigParser takes `KEY: value` as well, so the predecessors' files may have it.
    const entry = /^([^=:[\]\s][^=:]*?)\s*[=:](.*)$/.exec(content);
    if (entry === null) {
      problems.push({ line, message: 'is neither KEY=value nor a [section] nor a comment' });
      continue;
    }
    const section = sections.at(-1);
    if (section === undefined) {
      problems.push({ line, message: 'stands before the first section: put [main] above it' });
      continue;
    }
    section.entries.push({ key: entry[1] ?? '', text: withoutComment(entry[2] ?? '').trim(), line });
  }
  return { sections, problems };
}

/**
 * The value as it is meant: quotes around the whole of it are taken off, with JSON's escapes in "…" and none in
 * '…'; anything else is literal, backslashes too.
 */
export function unquote(text: string): string {
  const quote = text[0];
  if (!isQuote(quote) || closingQuote(text, 0) !== text.length - 1) return text;
  const inner = text.slice(1, -1);
  if (quote === "'") return inner;
  const { value }: Record<string, unknown> = parse(`value=${text}`);
  return typeof value === 'string' && value !== text ? value : inner;
}

/**
 * A comment starts at a `;` or `#` after a blank, outside of quotes: `a;b` and `a#b` are values. A quote opens where
 * a word begins, so that one within a word, such as an apostrophe, hides no comment.
 */
function withoutComment(text: string): string {
  let blank = false;
  let atWord = true;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] as string;
    const close = atWord && isQuote(character) ? closingQuote(text, at) : undefined;
    if (blank && (character === ';' || character === '#')) return text.slice(0, at);
    blank = character === ' ' || character === '\t';
    atWord = blank || character === '=';
    at = close ?? at;
  }
  return text;
}

/** Whether a quote is opened in front of the value, and nowhere closed. */
export function isHalfQuoted(text: string): boolean {
  return isQuote(text[0]) && closingQuote(text, 0) === undefined;
}

function isQuote(character: string | undefined): boolean {
  return character === '"' || character === "'";
}

function closingQuote(text: string, open: number): number | undefined {
  const quote = text[open];
  for (let at = open + 1; at < text.length; at += 1) {
    if (quote === '"' && text[at] === '\\') at += 1;
    else if (text[at] === quote) return at;
  }
  return undefined;
}
