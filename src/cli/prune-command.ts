import { dryDeletionOption, jsonOption, yesOption } from './common-options.ts';
import type { Command } from './program.ts';
import { settingOptions } from './setting-options.ts';

export const pruneCommand: Command = {
  name: 'prune',
  usage: '[OPTIONS]',
  summary: 'Deletes the backups that no rule keeps, and shows the reason of each that stays or goes.',
  details:
    'Rules are those of KEEP (docs/retention.md). What a kept backup builds on stays, and so do the newest that can be restored, what the next incremental will build on, and what is broken. Without a dataset: every dataset that has a section [fs:DATASET] in the configuration file and rules, in turn.',
  positionals: [],
  options: [
    ...settingOptions('keep'),
    yesOption,
    dryDeletionOption,
    jsonOption,
    ...settingOptions('max-retries', 'force-path-style'),
  ],
  examples: [
    {
      line: 'zfs3backup prune --store s3://my-bucket --dataset tank/data --keep 10,1d1w,1w1m --dry-run',
      help: 'What would go, what would stay, and why:',
    },
    {
      line: 'zfs3backup prune --store s3://my-bucket --dataset tank/data --keep 10,1d1w,1w1m --yes --quiet',
      help: 'The same as cron would do it:',
    },
  ],
  run: async (call) => (await import('./run-prune.ts')).runPrune(call),
};
