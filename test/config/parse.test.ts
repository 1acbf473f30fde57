import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseIni, unquote } from '../../src/config/parse.ts';

/** The text of the first entry under `[main]`. */
function textOf(line: string): string | undefined {
  return parseIni(`[main]\n${line}\n`).sections[0]?.entries[0]?.text;
}

describe('parseIni', () => {
  it('keeps the order of sections and entries, and their lines', () => {
    const text = '# first\n\n[main]\nA=1\n  B = 2\n; note\n[fs:tank/my.data]\nC: 3\n';
    expect(parseIni(text)).toEqual({
      problems: [],
      sections: [
        {
          name: 'main',
          line: 3,
          entries: [
            { key: 'A', text: '1', line: 4 },
            { key: 'B', text: '2', line: 5 },
          ],
        },
        { name: 'fs:tank/my.data', line: 7, entries: [{ key: 'C', text: '3', line: 8 }] },
      ],
    });
  });

  it.each([
    'fs:tank/my.data',
    'compressor:my.name',
    'fs:tank/a\\.b',
    'fs:tank/a:b%c d+e',
    '__proto__',
    'constructor',
    'fs:a]b',
  ])('keeps [%s] one section', (name) => {
    const { sections } = parseIni(`[${name}]\nCOMPRESSOR=zstd\n`);
    expect(sections).toEqual([{ name, line: 1, entries: [{ key: 'COMPRESSOR', text: 'zstd', line: 2 }] }]);
  });

  it.each([
    ['A=a;b#c', 'a;b#c'],
    ['A=#secret', '#secret'],
    ['A=;secret', ';secret'],
    ['A= # remark', ''],
    ['A="#secret"', '"#secret"'],
    ['A=a ; remark', 'a'],
    ['A=a # remark', 'a'],
    ['A=a\t# remark', 'a'],
    ['A="a ; b" ; remark', '"a ; b"'],
    [`A=sh -c 'x ; y' -o "a # b"`, `sh -c 'x ; y' -o "a # b"`],
    [`A=it's # remark`, "it's"],
    ['A=a=b==', 'a=b=='],
    ['A: a=b', 'a=b'],
    ['A=b:c', 'b:c'],
    ['A=', ''],
    ['A=true', 'true'],
    ['A=null', 'null'],
    ['A=a\\;b\\\\', 'a\\;b\\\\'],
    ['A=ab"cd ; don"t', 'ab"cd'],
    [`A=--opt="a ; b" # remark`, `--opt="a ; b"`],
    ['A="half # remark', '"half'],
  ])('reads %j', (line, text) => {
    expect(textOf(line)).toBe(text);
  });

  it('takes a byte order mark and any line end', () => {
    expect(parseIni('\uFEFF[main]\r\nA=1\r\rB=2').sections[0]?.entries).toEqual([
      { key: 'A', text: '1', line: 2 },
      { key: 'B', text: '2', line: 4 },
    ]);
  });

  it('takes a comment behind a section', () => {
    for (const comment of ['; the rest', '# see ticket [42]', '   ; [a] and [b]', ''])
      expect(parseIni(`[fs:tank/a]${comment}\n`).sections[0]?.name).toBe('fs:tank/a');
  });

  it('names the lines that are nothing, without repeating them', () => {
    const { problems } = parseIni('BUCKET=x\n[main]\nQUIET\n[fs:a\n=5\n  continued\n');
    expect(problems.map(({ line }) => line)).toEqual([1, 3, 4, 5, 6]);
    expect(problems[0]?.message).toBe('stands before the first section: put [main] above it');
    expect(problems[1]?.message).toBe('is neither KEY=value nor a [section] nor a comment');
  });

  it('has room for keys that are special to JavaScript', () => {
    const { sections } = parseIni('[main]\n__proto__=x\nconstructor=y\nA[]=z\n');
    expect(sections[0]?.entries.map(({ key }) => key)).toEqual(['__proto__', 'constructor', 'A[]']);
  });

  it('loses no line: every one is blank, a comment, a section, an entry or a problem', () => {
    const line = fc.string({ unit: fc.constantFrom(...'ab[]=:;#"\' \\.') });
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const { sections, problems } = parseIni(['[main]', ...lines].join('\n'));
        const told = sections.length + sections.flatMap(({ entries }) => entries).length + problems.length;
        const silent = lines.filter((one) => /^\s*([;#].*)?$/.test(one)).length;
        expect(told + silent).toBe(lines.length + 1);
      }),
    );
  });
});

describe('unquote', () => {
  it.each([
    ['plain', 'plain'],
    ['"a b"', 'a b'],
    ["'a b'", 'a b'],
    ['"true"', 'true'],
    ["'123'", '123'],
    ["'1e5'", '1e5'],
    ['"null"', 'null'],
    ['"a=b;c#d"', 'a=b;c#d'],
    [String.raw`"a\"b\\c"`, String.raw`a"b\c`],
    [String.raw`"a\d"`, String.raw`a\d`],
    [String.raw`'a\"b'`, String.raw`a\"b`],
    ['"a" "b"', '"a" "b"'],
    ['"a', '"a'],
    ['"', '"'],
    ['""', ''],
    [`"a'`, `"a'`],
    ['a\\b', 'a\\b'],
  ])('reads %s as %s', (text, value) => {
    expect(unquote(text)).toBe(value);
  });

  it('gives back any text that was quoted as JSON', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(unquote(JSON.stringify(text))).toBe(text);
      }),
    );
  });
});
