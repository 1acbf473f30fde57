import { Zfs3BackupError } from '../errors.ts';

/** What a shell would act on; here it would silently become an argument. */
const OPERATORS = new Set(['|', '||', '|&', '&', '&&', ';', '<', '<<', '>', '>>', '2>', '2>&1']);

/**
 * The words of a line, as a shell would quote them and without a shell: words end at blanks; '…' is literal; in
 * "…" a backslash stands before " and \; outside of quotes it makes the next character literal. Nothing is
 * expanded. Throws USAGE on an open quote, a trailing backslash, and on an unquoted `|`, `>` and the like.
 */
export function parseArgv(line: string): readonly string[] {
  const words: string[] = [];
  let at = 0;
  for (;;) {
    while (isBlank(line[at])) at += 1;
    if (at >= line.length) return words;
    const start = at;
    const { word, next } = readWord(line, at);
    at = next;
    if (OPERATORS.has(line.slice(start, next))) {
      throw new Zfs3BackupError(
        'USAGE',
        `no shell reads this line, so \`${word}\` would be an argument: quote it, or put the pipeline into a script`,
      );
    }
    words.push(word);
  }
}

function readWord(line: string, start: number): { readonly word: string; readonly next: number } {
  let word = '';
  let at = start;
  while (at < line.length && !isBlank(line[at])) {
    const character = line[at] as string;
    if (character === "'" || character === '"') {
      const quoted = readQuoted(line, at, character);
      word += quoted.word;
      at = quoted.next;
    } else if (character === '\\') {
      if (at + 1 >= line.length) throw new Zfs3BackupError('USAGE', 'the line ends in a backslash');
      word += line[at + 1];
      at += 2;
    } else {
      word += character;
      at += 1;
    }
  }
  return { word, next: at };
}

function readQuoted(
  line: string,
  open: number,
  quote: string,
): { readonly word: string; readonly next: number } {
  let word = '';
  for (let at = open + 1; at < line.length; at += 1) {
    const character = line[at] as string;
    if (character === quote) return { word, next: at + 1 };
    const following = line[at + 1];
    if (quote === '"' && character === '\\' && (following === '"' || following === '\\')) {
      word += following;
      at += 1;
    } else {
      word += character;
    }
  }
  throw new Zfs3BackupError('USAGE', `a quote is opened by ${quote} and not closed`);
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t';
}
