import { escapeName } from './escape-name.ts';

const PLAIN_WORD = /^[A-Za-z0-9_@%+:,./=-]+$/;

/** A word as a POSIX shell reads it back; for display, names of programs are run from argv alone. */
export function quoteWord(word: string): string {
  if (PLAIN_WORD.test(word)) return word;
  if (escapeName(word) !== word) return `$'${escapeForAnsiC(word)}'`;
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function escapeForAnsiC(word: string): string {
  return escapeName(word.replaceAll('\\', '\\\\').replaceAll("'", "\\'"));
}

export function renderCommand(argv: readonly string[]): string {
  return argv.map(quoteWord).join(' ');
}

export function renderPipeline(commands: ReadonlyArray<readonly string[]>): string {
  return commands
    .filter((argv) => argv.length > 0)
    .map(renderCommand)
    .join(' | ');
}
