import { dryDeletionOption, jsonOption, yesOption } from './common-options.ts';
import type { Command } from './program.ts';
import { settingOptions } from './setting-options.ts';

export const deleteCommand: Command = {
  name: 'delete',
  usage: 'SNAPSHOT… [OPTIONS]',
  summary: 'Deletes backups by name, unless other backups build on them.',
  details:
    'SNAPSHOT is the whole name after the @, or dataset@name; all of them are of one dataset. The local snapshots are not touched.',
  positionals: ['SNAPSHOT'],
  furtherPositionals: Number.POSITIVE_INFINITY,
  options: [
    { name: 'with-children', type: 'flag', help: 'Delete what builds on them, too.' },
    {
      name: 'force',
      type: 'flag',
      help: 'Delete them also when no backup of the dataset is left that can be restored.',
    },
    yesOption,
    dryDeletionOption,
    jsonOption,
    ...settingOptions('max-retries', 'force-path-style'),
  ],
  examples: [
    {
      line: 'zfs3backup delete tank/data@daily-2026-01-31 --store s3://my-bucket',
      help: 'One that nothing builds on:',
    },
    {
      line: 'zfs3backup delete tank/data@daily-2026-01-31 --with-children --dry-run --store s3://my-bucket',
      help: 'What would go with it:',
    },
  ],
  run: async (call) => (await import('./run-delete.ts')).runDelete(call),
};
