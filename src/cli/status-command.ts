import { jsonOption } from './common-options.ts';
import type { Command } from './program.ts';
import { settingOptions } from './setting-options.ts';

export const statusCommand: Command = {
  name: 'status',
  usage: '[OPTIONS]',
  summary: 'Shows which snapshots have a backup, and whether each backup can be restored.',
  details:
    'Without a dataset: one line for each dataset in the store. Exits with 3 when a backup is broken, or is not the object that was recorded.',
  positionals: [],
  options: [
    {
      name: 'deleted',
      type: 'flag',
      help: 'Show also what was deleted and can be brought back, in a bucket that keeps versions.',
    },
    jsonOption,
    ...settingOptions('max-retries', 'force-path-style'),
  ],
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
