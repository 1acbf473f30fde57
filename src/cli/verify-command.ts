import { dryRunOption, jsonOption } from './common-options.ts';
import type { Command } from './program.ts';
import { decryptOptions, downloadOptions } from './setting-options.ts';

export const verifyCommand: Command = {
  name: 'verify',
  usage: '[SNAPSHOT...] [OPTIONS]',
  summary: 'Looks whether backups are what was stored, and whether they can be restored.',
  details:
    'SNAPSHOT is the name after the @, or dataset@name; whatever it descends from is looked at too. Without one: all backups of the dataset, or of the store. Nothing in the store is changed. Exits with 3 when something is damaged or cannot be restored.',
  positionals: [],
  furtherPositionals: Number.POSITIVE_INFINITY,
  options: [
    {
      name: 'level',
      type: 'text',
      value: '1|2|3',
      help: '1: what listings tell, in seconds. 2: read every stored byte, decode and inspect it. 3: let ZFS receive it. Default: 1',
    },
    {
      name: 'sample',
      type: 'text',
      value: 'PERCENT',
      help: 'Do what is above level 1 for this part of the backups, such as 5%: another part each day.',
    },
    {
      name: 'seed',
      type: 'text',
      value: 'N',
      help: 'Take the sample that a run with this seed took. Default: the number of the day.',
    },
    {
      name: 'scratch',
      type: 'text',
      value: 'DATASET',
      help: 'Receive into datasets below this one, which are destroyed afterwards (level 3).',
    },
    { ...dryRunOption, help: 'Show what would be looked at, and how many bytes that reads.' },
    jsonOption,
    ...downloadOptions(),
    ...decryptOptions(),
  ],
  examples: [
    {
      line: 'zfs3backup verify --store s3://my-bucket',
      help: 'Whether all that was stored is still there, and every chain is complete:',
    },
    {
      line: 'zfs3backup verify --level 2 --sample 5% --quiet --store s3://my-bucket',
      help: 'Each night another twentieth of all bytes, from cron:',
    },
  ],
  run: async (call) => (await import('./run-verify.ts')).runVerify(call),
};
