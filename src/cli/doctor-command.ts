import { jsonOption } from './common-options.ts';
import type { Command } from './program.ts';
import { settingOptions } from './setting-options.ts';

export const doctorCommand: Command = {
  name: 'doctor',
  usage: '[OPTIONS]',
  summary: 'Looks at everything that a backup needs, and says what to do where something is wrong.',
  details:
    'Stores nothing: permissions are tried by an upload that is dropped. Exits with 0 only if a backup would work, ' +
    'else with the status that it would end with.',
  positionals: [],
  options: [jsonOption, ...settingOptions('compressor', 'max-memory', 'max-retries', 'force-path-style')],
  examples: [
    {
      line: 'zfs3backup doctor --store s3://my-bucket',
      help: 'Before the first backup, and when one failed:',
    },
    {
      line: 'zfs3backup doctor --store file:///backup --dataset tank/data --json',
      help: 'One dataset, for monitoring:',
    },
  ],
  run: async (call) => (await import('./run-doctor.ts')).runDoctor(call),
};
