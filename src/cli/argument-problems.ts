import { findMeant } from '../config/nearest.ts';
import { flagsOf } from '../config/schema.ts';
import type { ConfigProblem } from '../errors.ts';
import { answerOptions, groupOptions, spellings } from './options-of.ts';
import type { Arguments, Command, OptionSpec, Program } from './program.ts';

/** It tells itself where one of these must not be empty. */
const READ_BY_CONFIGURATION = new Set(['config', ...flagsOf().map(({ name }) => name)]);

export function unknownCommand(program: Program, word: string): ConfigProblem {
  const names = program.commands.flatMap(({ name }) => name ?? []);
  const near = findMeant(word, names);
  const hint = near ? `did you mean ${near}?` : `there are: ${names.join(', ')}`;
  return { where: word, message: `no such command; ${hint}` };
}

/** `given`: the names that were typed, without dashes. */
export function unknownOptions(
  given: readonly string[],
  options: readonly OptionSpec[],
  program: Program,
  command: Command | undefined,
): readonly ConfigProblem[] {
  const known = new Map(options.flatMap((option) => spellings(option).map((name) => [name, option])));
  const taken = command ? [...answerOptions, ...groupOptions(program), ...command.options] : options;
  const names = taken.flatMap(spellings);
  return given
    .map((key) => (key.length === 1 ? `-${key}` : `--${key}`))
    .filter((spelling) => !names.includes(spelling))
    .map((spelling) => {
      if (known.has(spelling)) {
        return { where: spelling, message: `is not an option of ${command?.name ?? program.name}` };
      }
      const near = findMeant(
        spelling.replace(/^-+(no-)?/, ''),
        names.filter((name) => name.startsWith('--')).map((name) => name.slice(2)),
      );
      return {
        where: spelling,
        message: near ? `no such option; did you mean --${near}?` : 'no such option',
      };
    });
}

export function checkArguments(
  command: Command,
  program: Program,
  given: Arguments,
): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const missing of command.positionals.slice(given.positionals.length)) {
    problems.push({ where: missing, message: 'is missing' });
  }
  for (const [at, name] of command.positionals.entries()) {
    if (given.positionals[at] === '') problems.push({ where: name, message: 'is empty' });
  }
  const most = command.positionals.length + (command.furtherPositionals ?? 0);
  for (const extra of given.positionals.slice(most)) {
    problems.push({ where: extra, message: 'one argument too many' });
  }
  for (const { name, type } of [...groupOptions(program), ...command.options]) {
    const times = given.list(name).length;
    if (type === 'text' && times > 1) {
      problems.push({ where: `--${name}`, message: `is given ${times} times: once is meant` });
    }
    if (given.list(name).includes('') && !READ_BY_CONFIGURATION.has(name)) {
      problems.push({ where: `--${name}`, message: 'is empty' });
    }
  }
  return problems;
}
