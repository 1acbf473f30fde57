import { dryRunOption, jsonOption } from './common-options.ts';
import type { Command } from './program.ts';
import { decryptOptions, downloadOptions, settingOptions } from './setting-options.ts';

export const restoreCommand: Command = {
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
