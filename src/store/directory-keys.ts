/**
 * How keys become paths below the root of a directory store. An ordinary key is its own path. `%` starts every
 * escape, and a `%` of the key is escaped itself, so the mapping is one to one:
 *
 * `%XX`  a control character, a `%`, or the dot of a name that would be special (`.`, `..`, `.zfs3backup`)
 * `%_`   an empty name (`a//b`, `/a`, `a/`)
 * `%+`   ends a folder that holds the rest of a name too long for a file system
 * `%`    alone at the end: a file whose own name is taken by a folder (`a` beside `a/b`)
 */

/** The folder of the store's own files. */
export const OWN_FOLDER = '.zfs3backup';
export const EMPTY_NAME = '%_';
export const CONTINUED = '%+';
export const BESIDE_FOLDER = '%';

/** File systems end names at 255 bytes; this leaves room for the suffixes. */
const MAX_NAME_BYTES = 200;

/** The path of a key as names, never `.`, `..` or anything in the store's own folder. */
export function namesOfKey(key: string): string[] {
  return key.split('/').flatMap((segment, index) => splitLongName(escapeSegment(segment, index === 0)));
}

/** The key of a path, or `undefined` for names that no key has: files somebody else put there. */
export function keyOfNames(names: readonly string[]): string | undefined {
  const last = names.at(-1);
  if (last === undefined) return undefined;
  const plain = isBesideFolder(last) ? [...names.slice(0, -1), last.slice(0, -1)] : names;
  const joined = plain
    .map((name) => (name.endsWith(CONTINUED) ? name.slice(0, -CONTINUED.length) : `${name}/`))
    .join('')
    .slice(0, -1);
  const key = joined
    .replaceAll(EMPTY_NAME, '')
    .replace(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  const same = key !== '' && namesOfKey(key).join('/') === plain.join('/');
  return same ? key : undefined;
}

function isBesideFolder(name: string): boolean {
  return name.length > 1 && name.endsWith(BESIDE_FOLDER);
}

function escapeSegment(segment: string, first: boolean): string {
  if (segment === '') return EMPTY_NAME;
  const escaped = segment.replace(/[\p{Cc}%]/gu, escapeCharacter);
  const special = escaped === '.' || escaped === '..' || (first && escaped === OWN_FOLDER);
  return special ? `%2E${escaped.slice(1)}` : escaped;
}

function escapeCharacter(character: string): string {
  const code = character.charCodeAt(0);
  // U+0080–U+009F take two bytes in UTF-8 and harm no path; one form for all below U+0100 keeps the reader simple.
  return `%${code.toString(16).toUpperCase().padStart(2, '0')}`;
}

function splitLongName(name: string): string[] {
  if (Buffer.byteLength(name) <= MAX_NAME_BYTES) return [name];
  const pieces: string[] = [];
  let piece = '';
  for (const unit of name.match(/%[0-9A-F]{2}|./gsu) ?? []) {
    if (Buffer.byteLength(piece) + Buffer.byteLength(unit) > MAX_NAME_BYTES) {
      pieces.push(piece + CONTINUED);
      piece = '';
    }
    piece += unit;
  }
  return [...pieces, piece];
}
