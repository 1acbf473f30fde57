import type { ConfigProblem } from '../errors.ts';
import type { CommandIo, Terminal } from './io.ts';
import type { Style } from './style.ts';

/** One option: `text` takes a value, `list` takes one each time it is given, `flag` takes none. */
export interface OptionSpec {
  /** Without dashes. */
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly type: 'text' | 'flag' | 'list';
  /** What stands for the value in the help: `FILE`. */
  readonly value?: string;
  readonly help: string;
  /** Taken, but not shown in the help: it means nothing to the program. */
  readonly isHidden?: boolean;
  /** Where the value may be left out: what it is then, and the words that are taken for one. */
  readonly optional?: { readonly bare: string; readonly choices: readonly string[] };
}

export interface OptionGroup {
  readonly title: string;
  readonly options: readonly OptionSpec[];
}

export interface Example {
  readonly line: string;
  readonly help: string;
}

export interface Command {
  /** Absent where the program is its only command. */
  readonly name?: string;
  /** What follows the name in the usage line. */
  readonly usage: string;
  readonly summary: string;
  readonly details?: string;
  /** Names of the arguments that must be there. */
  readonly positionals: readonly string[];
  /** How many more may follow them; none if not given. */
  readonly furtherPositionals?: number;
  /** Whether what follows `--` is a program to run, not further arguments. */
  readonly takesProgram?: boolean;
  readonly options: readonly OptionSpec[];
  readonly examples: readonly Example[];
  /** Does the work; resolves to the exit status. */
  run(call: CommandCall): Promise<number>;
}

export interface Program {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly Command[];
  /** Options that every command takes, before or after its name. */
  readonly groups: readonly OptionGroup[];
}

/** What the command line said, nothing checked against the world yet. */
export interface Arguments {
  text(name: string): string | undefined;
  flag(name: string): boolean;
  list(name: string): readonly string[];
  /** Every option that was given, by its long name; the configuration reads its flags from here. */
  readonly values: Readonly<Record<string, string | boolean>>;
  readonly positionals: readonly string[];
  /** What followed `--`, where the command takes a program. */
  readonly program: readonly string[];
}

export interface CommandLine {
  readonly command: Command | undefined;
  readonly arguments: Arguments;
  readonly help: boolean;
  readonly version: boolean;
  readonly problems: readonly ConfigProblem[];
}

/** All that a command's `run` gets. */
export interface CommandCall {
  readonly io: CommandIo;
  readonly arguments: Arguments;
  /** Aborts at SIGINT, SIGTERM and SIGHUP. */
  readonly signal: AbortSignal;
  readonly stdout: Terminal & { readonly style: Style };
  readonly stderr: Terminal & { readonly style: Style };
  /** Puts a result on stdout; resolves when it was taken. */
  print(text: string): Promise<void>;
}
