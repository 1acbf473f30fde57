import { describe, expect, it } from 'vitest';
import { parseCommandLine } from '../../src/cli/command-line.ts';
import { getProgram } from '../../src/cli/get-program.ts';
import { pputProgram } from '../../src/cli/pput-program.ts';
import type { Program } from '../../src/cli/program.ts';
import { zfs3backupProgram } from '../../src/cli/zfs3backup-program.ts';
import { flagsOf } from '../../src/config/schema.ts';

function parse(words: string, program: Program = zfs3backupProgram) {
  return parseCommandLine(program, words.split(' ').filter(Boolean));
}

function problems(words: string, program: Program = zfs3backupProgram) {
  return parse(words, program).problems.map(({ where, message }) => `${where}: ${message}`);
}

const commands = zfs3backupProgram.commands.map(({ name }) => name).join(', ');

describe('options', () => {
  it('stand before or after the command', () => {
    for (const words of [
      '--dataset a/b backup --full',
      'backup --full --dataset a/b',
      '--full backup --dataset=a/b',
    ]) {
      const { command, arguments: given, problems } = parse(words);
      expect(problems).toEqual([]);
      expect(command?.name).toBe('backup');
      expect(given.values).toEqual({ dataset: 'a/b', full: true });
    }
  });

  it('have aliases, which go by their long name', () => {
    expect(parse('--filesystem tank/a status').arguments.values).toEqual({ dataset: 'tank/a' });
    expect(parse('key -s 10M', pputProgram).arguments.values).toEqual({ 'chunk-size': '10M' });
    expect(parse('key -s10M', pputProgram).arguments.values).toEqual({ 'chunk-size': '10M' });
    expect(parse('-h status').help).toBe(true);
  });

  it('cover every global flag of the configuration, for every program', () => {
    const names = flagsOf().flatMap((flag) => (flag.global ? flag.name : []));
    expect(names.length).toBeGreaterThan(8);
    for (const program of [zfs3backupProgram, pputProgram, getProgram]) {
      const taken = program.groups.flatMap(({ options }) => options.map(({ name }) => name));
      expect(taken).toEqual(expect.arrayContaining(names));
    }
  });

  it('keep text that looks like a number as it is', () => {
    const { arguments: given } = parse('restore 1e3 --to 0x10');
    expect(given.positionals).toEqual(['1e3']);
    expect(given.text('to')).toBe('0x10');
    expect(parse('restore 2024').arguments.positionals).toEqual(['2024']);
    expect(parse('007', getProgram).arguments.positionals).toEqual(['007']);
  });

  it('may be given several times where that makes sense, and swallow no argument', () => {
    const { arguments: given, problems } = parse('--meta a=b=c key --metadata x=1', pputProgram);
    expect(problems).toEqual([]);
    expect(given.list('metadata')).toEqual(['a=b=c', 'x=1']);
    expect(given.positionals).toEqual(['key']);
  });

  it('take a value with a dash in front behind =', () => {
    expect(parse('backup --snapshot=-odd').arguments.text('snapshot')).toBe('-odd');
    expect(problems('backup --snapshot -odd')).toEqual([
      '--snapshot: needs a value; one that begins with - is written --snapshot=VALUE',
    ]);
    expect(problems('backup --send-flags -p --jsn')).toEqual([
      '--send-flags: needs a value; one that begins with - is written --send-flags=VALUE',
      '--jsn: no such option; did you mean --json?',
    ]);
  });

  it('that are flags never take the next word', () => {
    const { arguments: given } = parse('restore --force true');
    expect(given.positionals).toEqual(['true']);
    expect(given.flag('force')).toBe(true);
    expect(parse('restore x --force=false').arguments.flag('force')).toBe(false);
  });

  it('may leave out a value: a word behind is it only where it is one of the choices', () => {
    const progress = (words: string) => {
      const { arguments: given, problems } = parse(words, pputProgram);
      expect(problems).toEqual([]);
      return [given.text('progress'), ...given.positionals];
    };
    expect(progress('--progress key')).toEqual(['text', 'key']);
    expect(progress('key --progress')).toEqual(['text', 'key']);
    expect(progress('--progress json key')).toEqual(['json', 'key']);
    expect(progress('key --progress none --quiet')).toEqual(['none', 'key']);
    expect(progress('--progress=text json')).toEqual(['text', 'json']);
    expect(problems('--progress json', pputProgram)).toEqual(['KEY: is missing']);
    expect(parse('backup --progress json').arguments.values).toEqual({ progress: 'json' });
  });

  it('keep names that JavaScript knows as names', () => {
    expect(parse('restore constructor').arguments.positionals).toEqual(['constructor']);
    expect(problems('status --constructor')).toEqual(['--constructor: no such option']);
    expect(problems('status --__proto__=x --constructor.prototype.y=1')).toHaveLength(2);
  });
});

describe('what is empty', () => {
  it.each([
    [['backup', '--snapshot', ''], '--snapshot'],
    [['restore', 'a@b', '--to='], '--to'],
    [['restore', '--before', ''], '--before'],
    [['verify', '--scratch', ''], '--scratch'],
  ])('is told of %j', (words, where) => {
    expect(parseCommandLine(zfs3backupProgram, words).problems).toEqual([{ where, message: 'is empty' }]);
  });

  it('is told of a key, and left to the configuration where it is a setting', () => {
    expect(parseCommandLine(pputProgram, ['']).problems).toEqual([{ where: 'KEY', message: 'is empty' }]);
    expect(parseCommandLine(zfs3backupProgram, ['status', '--snapshot-prefix', '']).problems).toEqual([]);
  });
});

describe('behind --', () => {
  it('arguments may have dashes in front', () => {
    expect(parse('restore -- -odd').arguments.positionals).toEqual(['-odd']);
  });

  it('a program stays as it is, its own -- too', () => {
    const line = parse('key --json -- sh -c true --json -- x', pputProgram);
    expect(line.problems).toEqual([]);
    expect(line.arguments.program).toEqual(['sh', '-c', 'true', '--json', '--', 'x']);
    expect(line.arguments.positionals).toEqual(['key']);
  });
});

describe('problems', () => {
  it.each([
    ['status --jsn', ['--jsn: no such option; did you mean --json?']],
    ['status --dry-run', ['--dry-run: is not an option of status']],
    ['stauts', ['stauts: no such command; did you mean status?']],
    ['frobnicate', [`frobnicate: no such command; there are: ${commands}`]],
    ['restore a b', ['b: one argument too many']],
    ['backup --no-full', ['--no-full: no such option; did you mean --full?']],
    ['backup --dry-run=yes', ['--dry-run: takes no value (given: yes)']],
    ['backup --dataset a --filesystem b', ['--dataset: is given 2 times: once is meant']],
  ])('of %s', (words, expected) => {
    expect(problems(words)).toEqual(expected);
  });

  it('are told all at once', () => {
    expect(problems('status x --fo --bar')).toHaveLength(3);
  });

  it('do not stand in the way of --help', () => {
    const line = parse('restore --bogus --help');
    expect(line.help).toBe(true);
    expect(line.problems).toEqual([]);
  });
});

describe('examples in the help', () => {
  const programs = [zfs3backupProgram, pputProgram, getProgram];
  const commands = programs.flatMap((program) => program.commands.map((command) => ({ program, command })));

  it.each(commands)('are two for $program.name $command.name, and are understood', ({ program, command }) => {
    expect(command.examples).toHaveLength(2);
    for (const { line } of command.examples) {
      const words = line.split(/ [|&]+ /).map((part) => part.split(' '));
      const own = words.find(([name]) => name === program.name) ?? [];
      const parsed = parseCommandLine(program, own.slice(1));
      expect(parsed.problems, line).toEqual([]);
      expect(parsed.command, line).toBe(command);
      expect(parsed.arguments.text('store'), line).toBeDefined();
    }
  });
});
