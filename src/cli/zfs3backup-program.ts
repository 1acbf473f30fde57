import type { Command, OptionSpec, Program } from './program.ts';
import { downloadOptions, globalGroup, settingOptions } from './setting-options.ts';

const jsonOption: OptionSpec = {
  name: 'json',
  type: 'flag',
  help: 'Print JSON (docs/json.md describes it).',
};
const dryRunOption: OptionSpec = {
  name: 'dry-run',
  type: 'flag',
  help: 'Show the steps and the commands a person would type for them; change nothing.',
};

const statusCommand: Command = {
  name: 'status',
  usage: '[OPTIONS]',
  summary: 'Shows which snapshots have a backup, and whether each backup can be restored.',
  details: 'Without a dataset: one line for each dataset in the store. Exits with 3 when a backup is broken.',
  positionals: [],
  options: [jsonOption, ...settingOptions('max-retries', 'force-path-style')],
  examples: [
    {
      line: 'zfs3backup status --store s3://my-bucket --dataset tank/data',
      help: 'The snapshots of a dataset and their backups:',
    },
    {
      line: 'zfs3backup status --store file:///tmp/store --json',
      help: 'What a folder holds, for a script:',
    },
  ],
  run: async (call) => (await import('./run-status.ts')).runStatus(call),
};

const backupCommand: Command = {
  name: 'backup',
  usage: '[OPTIONS]',
  summary:
    'Stores the snapshots that the store does not have yet, each as an object of its own, oldest first.',
  details:
    'In an empty store it begins with a full backup of the newest snapshot. A snapshot that has a backup is left alone. Without a dataset: every dataset that has a section [fs:DATASET] in the configuration file, in turn; exits with 5 when some of them failed.',
  positionals: [],
  options: [
    { name: 'full', type: 'flag', help: 'Start a new chain with a full backup.' },
    {
      name: 'incremental',
      type: 'flag',
      help: 'Never a full backup: fail where there is nothing to build on.',
    },
    {
      name: 'snapshot',
      type: 'text',
      value: 'NAME',
      help: 'The newest snapshot to store, by its name after the @. Default: the newest.',
    },
    {
      name: 'history',
      type: 'flag',
      help: 'In an empty store, begin with the oldest matching snapshot.',
    },
    {
      name: 'force',
      type: 'flag',
      help: 'Upload although another process seems to be uploading the same.',
    },
    {
      name: 'drop-on-interrupt',
      type: 'flag',
      help: 'When interrupted, drop the upload; without it the upload stays open and the next run goes on with it.',
    },
    dryRunOption,
    jsonOption,
    { name: 'parseable', type: 'flag', help: 'Print a line for each backup: name, NUL, stream bytes.' },
    ...settingOptions(
      'compressor',
      'send-flags',
      'storage-class',
      'sse',
      'sse-kms-key-id',
      'acl',
      'chunk-size',
      'concurrency',
      'max-memory',
      'max-retries',
      'bwlimit',
      'progress',
      'progress-interval',
      'force-path-style',
    ),
  ],
  examples: [
    {
      line: 'zfs3backup backup --store s3://my-bucket --dataset tank/data --dry-run',
      help: 'What would be stored, and how:',
    },
    {
      line: 'zfs3backup backup --store s3://my-bucket --dataset tank/data --snapshot-prefix daily --quiet',
      help: 'What is new, as cron would do it:',
    },
  ],
  run: async (call) => (await import('./run-backup.ts')).runBackup(call),
};

const restoreCommand: Command = {
  name: 'restore',
  usage: 'SNAPSHOT [OPTIONS]',
  summary: 'Brings a snapshot back, and whatever of its chain the target lacks.',
  details:
    'SNAPSHOT is the name after the @, or dataset@name. Nothing is overwritten without --force. When it is interrupted, running it again goes on from there.',
  positionals: ['SNAPSHOT'],
  options: [
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
    { name: 'mount', type: 'flag', help: 'Mount what was received.' },
    dryRunOption,
    jsonOption,
    ...downloadOptions(),
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

export const zfs3backupProgram: Program = {
  name: 'zfs3backup',
  summary: 'Streams ZFS snapshots into S3-compatible object storage and brings them back.',
  commands: [statusCommand, backupCommand, restoreCommand],
  groups: [globalGroup],
};
