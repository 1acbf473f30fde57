import { jsonOption } from './common-options.ts';
import type { Command } from './program.ts';

export const releaseCommand: Command = {
  name: 'release',
  usage: '[OPTIONS]',
  summary:
    'Takes away holds and bookmarks of backups, which were left on this machine for the next incremental.',
  details:
    'Those of the store only, unless --all-stores, and never those of other programs. The next backup leaves new ones; if the newest snapshot in the store is destroyed before that, it must be a full one. Without a dataset: every dataset that has a section [fs:DATASET] in the configuration file.',
  positionals: [],
  options: [
    {
      name: 'all-stores',
      type: 'flag',
      help: 'Also what was left for other stores, or for one that is gone or was named otherwise.',
    },
    { name: 'dry-run', type: 'flag', help: 'Show the commands; change nothing.' },
    jsonOption,
  ],
  examples: [
    {
      line: 'zfs3backup release --store s3://my-bucket --dataset tank/data --dry-run',
      help: 'What is held for a store:',
    },
    {
      line: 'zfs3backup release --store s3://my-bucket --dataset tank/data --all-stores',
      help: 'Before a dataset is given up:',
    },
  ],
  run: async (call) => (await import('./run-release.ts')).runRelease(call),
};
