import Parser from 'yargs-parser';
import type { ConfigProblem } from '../errors.ts';
import { checkArguments, unknownCommand, unknownOptions } from './argument-problems.ts';
import { allOptions, spellings } from './options-of.ts';
import type { Arguments, CommandLine, OptionSpec, Program } from './program.ts';

type Parsed = Record<string, unknown> & { readonly _: readonly unknown[] };

/**
 * Reads a command line. All commands' options are known to one parser, so that any of them may stand before the
 * command's name; which of them this command takes is looked at afterwards. Nothing is thrown: all that is wrong
 * comes back as `problems`.
 */
export function parseCommandLine(program: Program, argv: readonly string[]): CommandLine {
  const problems: ConfigProblem[] = [];
  const options = allOptions(program);
  const { words, rest, isSplit } = splitAtDoubleDash(argv);
  const settled = settleWords(words, options, problems);
  const parsed = parseSettled(settled, options, problems);

  const [first, ...others] = parsed._.map(String);
  const single = program.commands.length === 1 && program.commands[0]?.name === undefined;
  const command = single ? program.commands[0] : program.commands.find(({ name }) => name === first);
  const positionals = single ? parsed._.map(String) : others;
  if (!command && first !== undefined) problems.push(unknownCommand(program, first));
  if (command && !command.takesProgram) positionals.push(...rest);

  const values = readArguments(parsed, options, positionals, command?.takesProgram ? rest : []);
  const given = Object.keys(parsed).filter((key) => key !== '_' && key !== '$0');
  problems.push(...unknownOptions(given, options, program, command));
  const asks = values.flag('help') || values.flag('version');
  if (command && !asks) problems.push(...checkArguments(command, program, values));
  // A variable that turned out to be empty must not make it read stdin.
  if (command?.takesProgram && isSplit && rest.length === 0) {
    problems.push({ where: '--', message: 'needs a COMMAND behind it' });
  }
  return {
    command,
    arguments: values,
    help: values.flag('help'),
    version: values.flag('version'),
    problems: asks ? [] : problems,
  };
}

function splitAtDoubleDash(argv: readonly string[]) {
  const at = argv.indexOf('--');
  if (at < 0) return { words: argv, rest: [], isSplit: false };
  return { words: argv.slice(0, at), rest: argv.slice(at + 1), isSplit: true };
}

/**
 * Writes `--flag` as `--flag=true`: the parser would take a following argument named `true` for its value, and
 * would read `--dry-run=yes` as no. So for an optional value that is left out. Writes `-sVALUE` as `-s=VALUE`, of which it would make several options.
 */
function settleWords(words: readonly string[], options: readonly OptionSpec[], problems: ConfigProblem[]) {
  const flags = new Set(options.flatMap((option) => (option.type === 'flag' ? spellings(option) : [])));
  const short = options
    .filter(({ type }) => type !== 'flag')
    .flatMap(spellings)
    .filter((each) => !each.startsWith('--'));
  return settleOptional(words, options).map((word) => {
    const letter = short.find((each) => word.startsWith(each) && word.length > each.length);
    if (letter) return `${letter}=${word.slice(letter.length).replace(/^=/, '')}`;
    const [spelling = '', value] = splitOnce(word);
    if (!flags.has(spelling)) return word;
    if (value === undefined) return `${spelling}=true`;
    if (value !== 'true' && value !== 'false') {
      problems.push({ where: spelling, message: `takes no value (given: ${value})` });
    }
    return word;
  });
}

/** A word behind such an option is its value only when it is one of those that it can be. */
function settleOptional(words: readonly string[], options: readonly OptionSpec[]): readonly string[] {
  const optional = new Map(
    options.flatMap((option) =>
      option.optional ? spellings(option).map((each) => [each, option.optional] as const) : [],
    ),
  );
  const settled: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const next = words[at + 1];
    const values = optional.get(word);
    if (values && next !== undefined && values.choices.includes(next)) {
      settled.push(`${word}=${next}`);
      at += 1;
    } else settled.push(values ? `${word}=${values.bare}` : word);
  }
  return settled;
}

function splitOnce(word: string): [string, string?] {
  const at = word.indexOf('=');
  return at < 0 ? [word] : [word.slice(0, at), word.slice(at + 1)];
}

/** Where a value is missing, what stands in its place is no second problem: it is left out, and the rest read. */
function parseSettled(
  words: readonly string[],
  options: readonly OptionSpec[],
  problems: ConfigProblem[],
): Parsed {
  const { parsed, valueless } = parseWords(options, words);
  if (valueless === undefined) return parsed;
  const message = `needs a value; one that begins with - is written ${valueless}=VALUE`;
  problems.push({ where: valueless, message });
  const at = words.lastIndexOf(valueless);
  if (at < 0) return parsed;
  const [next = ''] = splitOnce(words[at + 1] ?? '');
  const isOption = next.startsWith('--') && options.some((option) => spellings(option).includes(next));
  const rest = [...words.slice(0, at), ...words.slice(at + (isOption ? 1 : 2))];
  return parseWords(options, rest).parsed;
}

/** `valueless`: an option that a value should follow, as it was typed. */
function parseWords(
  options: readonly OptionSpec[],
  words: readonly string[],
): { readonly parsed: Parsed; readonly valueless: string | undefined } {
  const texts = options.filter(({ type }) => type !== 'flag').map(({ name }) => name);
  const { argv, error } = Parser.detailed([...words], {
    alias: Object.fromEntries(options.map(({ name, aliases = [] }) => [name, [...aliases]])),
    boolean: options.filter(({ type }) => type === 'flag').map(({ name }) => name),
    string: texts,
    narg: Object.fromEntries(texts.map((name) => [name, 1])),
    configuration: {
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'greedy-arrays': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'short-option-groups': false,
      'strip-aliased': true,
    },
  });
  // The parser's sentence ends in the option's name; it stops at the first of these.
  const name = /following: (\S+)$/.exec(error?.message ?? '')?.[1];
  if (error && !name) throw error;
  return { parsed: argv as Parsed, valueless: name && (name.length === 1 ? `-${name}` : `--${name}`) };
}

function readArguments(
  parsed: Parsed,
  options: readonly OptionSpec[],
  positionals: readonly string[],
  program: readonly string[],
): Arguments {
  const list = (name: string) => [parsed[name] ?? []].flat().map(String);
  const text = (name: string) => list(name).at(-1);
  const flag = (name: string) => [parsed[name]].flat().at(-1) === true;
  const values: Record<string, string | boolean> = {};
  for (const { name, type } of options) {
    const value = type === 'text' ? text(name) : type === 'flag' && name in parsed ? flag(name) : undefined;
    if (value !== undefined) values[name] = value;
  }
  return {
    text,
    list,
    flag,
    values,
    positionals,
    program,
  };
}
