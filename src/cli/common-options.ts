import type { OptionSpec } from './program.ts';

/** Options that mean the same wherever they are taken. */
export const jsonOption: OptionSpec = {
  name: 'json',
  type: 'flag',
  help: 'Print JSON (docs/json.md describes it).',
};

/** For what deletes, which nobody would type as commands. */
export const dryDeletionOption: OptionSpec = {
  name: 'dry-run',
  type: 'flag',
  help: 'Show what would be deleted, what would stay, and why; change nothing.',
};

export const dryRunOption: OptionSpec = {
  name: 'dry-run',
  type: 'flag',
  help: 'Show the steps and the commands a person would type for them; change nothing.',
};

export const yesOption: OptionSpec = {
  name: 'yes',
  type: 'flag',
  help: 'Do not ask; needed where nobody can be asked.',
};
