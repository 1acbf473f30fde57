import type { OptionSpec, Program } from './program.ts';

/** `--help` and `--version` of every program. */
export const answerOptions: readonly OptionSpec[] = [
  { name: 'help', aliases: ['h'], type: 'flag', help: 'Show this help.' },
  { name: 'version', type: 'flag', help: 'Show the version.' },
];

/** Of a program and all its commands, each once, by name. */
export function allOptions(program: Program): readonly OptionSpec[] {
  const options = [
    ...answerOptions,
    ...program.groups.flatMap((group) => group.options),
    ...program.commands.flatMap((command) => command.options),
  ];
  return [...new Map(options.map((option) => [option.name, option])).values()];
}

/** What every command of a program takes. */
export function groupOptions(program: Program): readonly OptionSpec[] {
  return program.groups.flatMap(({ options }) => options);
}

/** As they are typed: `--name`, `-n`. */
export function spellings({ name, aliases = [] }: OptionSpec): readonly string[] {
  return [name, ...aliases].map((each) => (each.length === 1 ? `-${each}` : `--${each}`));
}
