import { dryDeletionOption, jsonOption } from './common-options.ts';
import type { Command } from './program.ts';
import { settingOptions } from './setting-options.ts';

export const cleanupCommand: Command = {
  name: 'cleanup',
  usage: '[OPTIONS]',
  summary:
    'Drops what runs that died left in the store: open uploads, which cost money, and what belongs to them.',
  details:
    "Only what lies under the store's prefix, and uploads of `pput` elsewhere that a note there tells of; nothing that is young or that a program is at. Backups are never touched: `prune` and `delete` do that. --dataset leaves everything of other datasets alone.",
  positionals: [],
  options: [
    {
      name: 'older-than',
      type: 'text',
      value: 'TIME',
      help: 'How long nothing must have come, such as 12h, 7d or 2w. Default: 7d',
    },
    dryDeletionOption,
    jsonOption,
    ...settingOptions('max-retries', 'force-path-style'),
  ],
  examples: [
    {
      line: 'zfs3backup cleanup --store s3://my-bucket --dry-run',
      help: 'What is left over, and why it is:',
    },
    { line: 'zfs3backup cleanup --store s3://my-bucket --quiet', help: 'Once a week, as cron would do it:' },
  ],
  run: async (call) => (await import('./run-cleanup.ts')).runCleanup(call),
};
