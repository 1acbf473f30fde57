import { jsonOption } from './common-options.ts';
import type { Command } from './program.ts';
import { settingOptions } from './setting-options.ts';

export const undeleteCommand: Command = {
  name: 'undelete',
  usage: 'SNAPSHOT… [OPTIONS]',
  summary: 'Brings back backups that were deleted, with what they build on, in a bucket that keeps versions.',
  details:
    'SNAPSHOT is the whole name after the @, or dataset@name; all of them are of one dataset. `status --deleted` shows what there is.',
  positionals: ['SNAPSHOT'],
  furtherPositionals: Number.POSITIVE_INFINITY,
  options: [
    { name: 'dry-run', type: 'flag', help: 'Show what would come back; change nothing.' },
    jsonOption,
    ...settingOptions('max-retries', 'force-path-style'),
  ],
  examples: [
    {
      line: 'zfs3backup undelete tank/data@daily-2026-01-31 --dry-run --store s3://my-bucket',
      help: 'What would come back with it:',
    },
    {
      line: 'zfs3backup undelete tank/data@daily-2026-01-31 --store s3://my-bucket',
      help: 'One backup and its chain:',
    },
  ],
  run: async (call) => (await import('./run-undelete.ts')).runUndelete(call),
};
