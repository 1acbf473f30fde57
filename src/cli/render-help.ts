import { answerOptions } from './options-of.ts';
import type { Command, Example, OptionGroup, OptionSpec, Program } from './program.ts';
import type { Style } from './style.ts';

const MAX_COLUMNS = 100;
const INDENT = 2;
const MAX_NAME_COLUMNS = 34;

export interface HelpLook {
  readonly columns: number;
  readonly style: Style;
}

/** What `--help` shows: of one command, or of the program with its list of commands. */
export function renderHelp(program: Program, command: Command | undefined, look: HelpLook): string {
  const columns = Math.max(40, Math.min(look.columns, MAX_COLUMNS));
  const narrow = { columns, style: look.style };
  const sections = command ? commandSections(program, command, narrow) : programSections(program, narrow);
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

/** For who typed the program's name alone: its commands, in a line each, and where the rest is told. */
export function renderUsage(program: Program, { style }: HelpLook): string {
  const names = program.commands.map(({ name = '' }) => name);
  const width = Math.max(...names.map(({ length }) => length));
  const lines = program.commands.map(({ name = '', summary }) => {
    const [gist = ''] = summary.split(/[,;:.]/, 1);
    return `  ${name.padEnd(width)}  ${gist}`;
  });
  return `${[
    `${style.bold('Usage:')} ${program.name} COMMAND [OPTIONS]`,
    lines.join('\n'),
    `\`${program.name} --help\` tells more, \`${program.name} COMMAND --help\` all of a command.`,
  ].join('\n\n')}\n`;
}

function commandSections(program: Program, command: Command, look: HelpLook): readonly string[] {
  const name = [program.name, command.name].filter(Boolean).join(' ');
  const groups = command.options.length > 0 ? [{ title: 'Options', options: command.options }] : [];
  return [
    `${look.style.bold('Usage:')} ${name} ${command.usage}`.trimEnd(),
    wrapText(command.summary, look.columns),
    command.details ? wrapText(command.details, look.columns) : '',
    ...withAnswers([...groups, ...program.groups]).map((group) => renderGroup(group, look)),
    renderExamples(command.examples, look),
  ];
}

function programSections(program: Program, look: HelpLook): readonly string[] {
  const commands = program.commands.map(({ name = '', usage, summary }) => ({
    left: `${name} ${usage}`.trim(),
    right: summary,
  }));
  return [
    `${look.style.bold('Usage:')} ${program.name} COMMAND [OPTIONS]`,
    wrapText(program.summary, look.columns),
    `${look.style.bold('Commands:')}\n${renderPairs(commands, look.columns)}`,
    ...withAnswers(program.groups).map((group) => renderGroup(group, look)),
    renderExamples(
      program.commands.flatMap(({ examples }) => examples.slice(0, 1)),
      look,
    ),
    `${program.name} COMMAND --help tells a command's own options.`,
  ];
}

function withAnswers(groups: readonly OptionGroup[]): readonly OptionGroup[] {
  const last = groups.at(-1) ?? { title: 'Options', options: [] };
  return [...groups.slice(0, -1), { ...last, options: [...last.options, ...answerOptions] }];
}

function renderGroup({ title, options }: OptionGroup, { columns, style }: HelpLook): string {
  const pairs = options
    .filter(({ isHidden }) => !isHidden)
    .map((option) => ({ left: renderSpelling(option), right: option.help }));
  return `${style.bold(`${title}:`)}\n${renderPairs(pairs, columns)}`;
}

function renderSpelling({ name, aliases = [], value }: OptionSpec): string {
  const names = [...aliases, name]
    .sort((a, b) => Number(a.length > 1) - Number(b.length > 1) || Number(b === name) - Number(a === name))
    .map((each) => (each.length === 1 ? `-${each}` : `--${each}`));
  return `${names.join(', ')}${value ? ` ${value}` : ''}`;
}

function renderExamples(examples: readonly Example[], { columns, style }: HelpLook): string {
  if (examples.length === 0) return '';
  const lines = examples.map(
    ({ line, help }) => `${indent(wrapText(help, columns - INDENT), INDENT)}\n${indent(line, INDENT * 2)}`,
  );
  return `${style.bold('Examples:')}\n${lines.join('\n')}`;
}

/** Two columns; a left side that is too long gets a line of its own. */
function renderPairs(pairs: ReadonlyArray<{ left: string; right: string }>, columns: number): string {
  const widest = Math.max(
    ...pairs.map(({ left }) => left.length).filter((length) => length <= MAX_NAME_COLUMNS),
    0,
  );
  const at = INDENT + Math.min(widest, Math.floor(columns / 2)) + 2;
  return pairs
    .map(({ left, right }) => {
      const text = indent(wrapText(right, columns - at), at);
      if (left.length + INDENT + 2 > at) return `${' '.repeat(INDENT)}${left}\n${text}`;
      return `${' '.repeat(INDENT)}${left.padEnd(at - INDENT)}${text.trimStart()}`;
    })
    .join('\n');
}

function indent(text: string, spaces: number): string {
  return text
    .split('\n')
    .map((line) => ' '.repeat(spaces) + line)
    .join('\n');
}

/** Breaks at spaces; a word longer than a line stays whole. */
export function wrapText(text: string, columns: number): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join('\n');
}
