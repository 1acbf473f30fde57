import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseArgv } from '../../src/config/argv.ts';

/** A line that `parseArgv` reads back as these words. */
function renderArgv(words: readonly string[]): string {
  return words.map(renderWord).join(' ');
}

function renderWord(word: string): string {
  if (/^[\w./:@%+=,-]+$/.test(word)) return word;
  return `"${word.replaceAll(/["\\]/g, '\\$&')}"`;
}

describe('parseArgv', () => {
  it.each<[string, string[]]>([
    ['', []],
    ['  \t ', []],
    ['pigz -1 --processes 4', ['pigz', '-1', '--processes', '4']],
    [' pigz\t -1 ', ['pigz', '-1']],
    [`'/opt/my tool/x' -d`, ['/opt/my tool/x', '-d']],
    [`"a b" "c"`, ['a b', 'c']],
    [`--name="a b"c`, ['--name=a bc']],
    [`'' ""`, ['', '']],
    [String.raw`'a\b' "a\b" a\b`, [String.raw`a\b`, String.raw`a\b`, 'ab']],
    [String.raw`"say \"hi\" \\"`, [String.raw`say "hi" \ `.trim()]],
    [String.raw`two\ words \'`, ['two words', "'"]],
    [`'it'"'"'s'`, ["it's"]],
    ['$HOME *.txt ~ `date`', ['$HOME', '*.txt', '~', '`date`']],
    [`sh -c 'a | b; c > d'`, ['sh', '-c', 'a | b; c > d']],
    [`'|' "&&"`, ['|', '&&']],
    ['a;b -k=#1', ['a;b', '-k=#1']],
  ])('reads %j', (line, words) => {
    expect(parseArgv(line)).toEqual(words);
  });

  it.each(['gpg | cat', 'a > b', 'a && b', 'a ; b', 'a 2>&1', 'a &'])('refuses the shell of %j', (line) => {
    expect(() => parseArgv(line)).toThrow('no shell reads this line');
  });

  it('refuses an open quote and a trailing backslash', () => {
    expect(() => parseArgv(`a 'b`)).toThrow("a quote is opened by ' and not closed");
    expect(() => parseArgv(`a "b\\"`)).toThrow('a quote is opened by " and not closed');
    expect(() => parseArgv('a b\\')).toThrow('the line ends in a backslash');
  });

  it('reads back words that were quoted, whatever the words are', () => {
    const character = fc.constantFrom(...'ab"\'\\ \t;#|>&$=-é😀');
    const word = fc.oneof(fc.string({ unit: character }), fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(fc.array(word), (words) => {
        expect(parseArgv(renderArgv(words))).toEqual(words);
      }),
    );
  });

  it('never fails in any other way than by a usage error', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab"\'\\ ;|') }), (line) => {
        try {
          parseArgv(line);
        } catch (error) {
          expect(error).toMatchObject({ code: 'USAGE' });
        }
      }),
    );
  });
});
