import type { Program } from './program.ts';
import { downloadOptions, globalGroupHiding } from './setting-options.ts';

export const getProgram: Program = {
  name: 'zfs3backup_get',
  summary: 'Brings an object back as it is stored.',
  commands: [
    {
      usage: 'KEY [OPTIONS]',
      summary: "Writes the object's bytes, as they are stored, to stdout or into a file.",
      details:
        'KEY is the whole key. Exits with 0 only when every byte was written. A file is written beside FILE and renamed at the end, so that an existing FILE is replaced by a whole one or not at all.',
      positionals: ['KEY'],
      options: [
        {
          name: 'output',
          aliases: ['o'],
          type: 'text',
          value: 'FILE',
          help: 'Write into this file. Default: stdout.',
        },
        ...downloadOptions(),
      ],
      examples: [
        {
          line: 'zfs3backup_get etc.tar --store file:///tmp/store --output /tmp/etc.tar',
          help: 'Into a file:',
        },
        {
          line: 'zfs3backup_get zfs3backup-backup/tank/data@daily-1 --store s3://my-bucket | zstd -d | zfs receive -u tank/restored',
          help: 'A backup, by hand:',
        },
      ],
      run: async (call) => (await import('./run-get.ts')).runGet(call),
    },
  ],
  groups: [globalGroupHiding('dataset', 'snapshot-prefix', 's3-prefix')],
};
