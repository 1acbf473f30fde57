import { backupCommand } from './backup-command.ts';
import { cleanupCommand } from './cleanup-command.ts';
import { deleteCommand } from './delete-command.ts';
import { doctorCommand } from './doctor-command.ts';
import type { Program } from './program.ts';
import { pruneCommand } from './prune-command.ts';
import { reindexCommand } from './reindex-command.ts';
import { releaseCommand } from './release-command.ts';
import { restoreCommand } from './restore-command.ts';
import { globalGroup } from './setting-options.ts';
import { statusCommand } from './status-command.ts';
import { undeleteCommand } from './undelete-command.ts';
import { verifyCommand } from './verify-command.ts';

export const zfs3backupProgram: Program = {
  name: 'zfs3backup',
  summary: 'Streams ZFS snapshots into S3-compatible object storage and brings them back.',
  commands: [
    statusCommand,
    backupCommand,
    restoreCommand,
    verifyCommand,
    pruneCommand,
    deleteCommand,
    undeleteCommand,
    cleanupCommand,
    doctorCommand,
    reindexCommand,
    releaseCommand,
  ],
  groups: [globalGroup],
};
