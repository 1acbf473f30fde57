import { writeText } from './io.ts';
import type { Program } from './program.ts';

export const sshSyncProgram: Program = {
  name: 'zfs3backup_ssh_sync',
  summary: 'Not yet: sends snapshots from one machine to another over ssh.',
  commands: [
    {
      usage: '',
      summary: 'Not yet: sends snapshots from one machine to another over ssh.',
      positionals: [],
      options: [],
      examples: [],
      async run({ io }) {
        await writeText(
          io.stderr,
          'zfs3backup_ssh_sync: not yet; this version does backups to object storage only.\n',
        );
        return 2;
      },
    },
  ],
  groups: [],
};
