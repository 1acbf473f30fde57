import { dryRunOption, jsonOption } from './common-options.ts';
import type { Command, OptionSpec } from './program.ts';
import { decryptOptions, downloadOptions, settingOptions } from './setting-options.ts';

const whichOptions: readonly OptionSpec[] = [
  { name: 'latest', type: 'flag', help: 'The newest backup of --dataset that can be restored.' },
  {
    name: 'before',
    type: 'text',
    value: 'TIME',
    help: 'The newest whose snapshot was taken at TIME or before: 2026-01-31, "2026-01-31 18:00", also with a zone (Z, +01:00). Without one it is local time; without an hour midnight, when the day begins.',
  },
];

const whereOptions: readonly OptionSpec[] = [
  {
    name: 'to',
    type: 'text',
    value: 'DATASET',
    help: 'Receive into this dataset. Default: the original one.',
  },
  {
    name: 'force',
    type: 'flag',
    help: 'Roll an existing target back to what the backups build on; newer snapshots and changes are lost.',
  },
  {
    name: 'yes',
    type: 'flag',
    help: 'On a terminal: do not ask before something is lost.',
  },
  {
    name: 'abort-partial',
    type: 'flag',
    help: 'Drop what an interrupted receive left at the target, whatever it is of.',
  },
  { name: 'mount', type: 'flag', help: 'Mount what was received.' },
  {
    name: 'property',
    aliases: ['o'],
    type: 'list',
    value: 'PROPERTY=VALUE',
    help: 'Set a property on what arrives, as `zfs receive -o` does; may be given several times.',
  },
  {
    name: 'exclude-property',
    aliases: ['x'],
    type: 'list',
    value: 'PROPERTY',
    help: 'Do not take this property from the stream, as `zfs receive -x` does; may be given several times.',
  },
];

const otherWays: readonly OptionSpec[] = [
  {
    name: 'stdout',
    type: 'flag',
    help: 'Write the stream of this one backup to stdout, decoded; exits with 0 only when all of it was written.',
  },
  {
    name: 'resume-token',
    type: 'text',
    value: 'TOKEN',
    help: 'With --stdout: only what is left for a receiver with this receive_resume_token.',
  },
  {
    name: 'thaw',
    type: 'text',
    value: 'DAYS',
    help: 'Restore nothing; ask for all archived objects (Glacier) of the chain, to be readable for so many days, and tell how far they are.',
  },
  {
    name: 'tier',
    type: 'text',
    value: 'Standard|Bulk|Expedited',
    help: 'With --thaw: how fast, and how dear. Default: Standard',
  },
];

export const restoreCommand: Command = {
  name: 'restore',
  usage: '[SNAPSHOT] [OPTIONS]',
  summary: 'Brings a snapshot back, and whatever of its chain the target lacks.',
  details:
    'SNAPSHOT is the name after the @, or dataset@name; with --latest or --before it is left out. Nothing is lost unasked: before that a person at a terminal is asked, and elsewhere --force is needed. When it is interrupted, running it again goes on from there.',
  positionals: [],
  furtherPositionals: 1,
  options: [
    ...whichOptions,
    ...whereOptions,
    ...otherWays,
    dryRunOption,
    jsonOption,
    ...settingOptions('expect', 'inspect'),
    ...downloadOptions(),
    ...decryptOptions(),
  ],
  examples: [
    {
      line: 'zfs3backup restore tank/data@daily-2026-01-31 --to tank/restored --store s3://my-bucket',
      help: 'Beside the original, to look at it first:',
    },
    {
      line: 'zfs3backup restore tank/data@daily-2026-01-31 --dry-run --store s3://my-bucket',
      help: 'What would be received, and what would be lost:',
    },
  ],
  run: async (call) => (await import('./run-restore.ts')).runRestore(call),
};
