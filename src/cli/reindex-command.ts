import { dryRunOption, jsonOption } from './common-options.ts';
import type { Command } from './program.ts';
import { settingOptions } from './setting-options.ts';

export const reindexCommand: Command = {
  name: 'reindex',
  usage: '[OPTIONS]',
  summary: 'Makes records of backups that have none, from what the objects say of themselves.',
  details:
    'With records `status` asks a thousand backups by two requests, and `verify` knows what must be there. Backups are not read and not changed; running it again does nothing. --dataset leaves everything of other datasets alone.',
  positionals: [],
  options: [
    {
      name: 'stale',
      type: 'flag',
      help: 'Also make anew the records that tell of another object than the one that is there, as after a bucket was copied.',
    },
    { ...dryRunOption, help: 'Show which records would be written and removed; change nothing.' },
    jsonOption,
    ...settingOptions('max-retries', 'force-path-style'),
  ],
  examples: [
    {
      line: 'zfs3backup reindex --store s3://my-bucket --dry-run',
      help: 'Which backups have no record:',
    },
    { line: 'zfs3backup reindex --store s3://my-bucket', help: 'Once, behind z3:' },
  ],
  run: async (call) => (await import('./run-reindex.ts')).runReindex(call),
};
