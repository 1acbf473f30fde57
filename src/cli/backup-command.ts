import { dryRunOption, jsonOption } from './common-options.ts';
import type { Command } from './program.ts';
import { settingOptions } from './setting-options.ts';

export const backupCommand: Command = {
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
    {
      name: 'no-bookmarks',
      type: 'flag',
      help: 'Leave no bookmark of what was stored (as BOOKMARKS=no).',
    },
    {
      name: 'no-holds',
      type: 'flag',
      help: 'Hold no snapshot for the next incremental (as HOLDS=no).',
    },
    dryRunOption,
    jsonOption,
    { name: 'parseable', type: 'flag', help: 'Print a line for each backup: name, NUL, stream bytes.' },
    ...settingOptions(
      'compressor',
      'encryptor',
      'age-recipients',
      'age-recipients-file',
      'gpg-recipients',
      'gpg-home',
      'send-flags',
      'raw',
      'storage-class',
      'sse',
      'sse-kms-key-id',
      'acl',
      'chunk-size',
      'concurrency',
      'max-memory',
      'max-retries',
      'expect',
      'inspect',
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
