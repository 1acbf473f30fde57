import { getProgram } from './get-program.ts';
import type { CommandIo } from './io.ts';
import { pputProgram } from './pput-program.ts';
import { runProgram } from './run-program.ts';
import { sshSyncProgram } from './ssh-sync-program.ts';
import { zfs3backupProgram } from './zfs3backup-program.ts';

/** The programs in `bin/`, each on what its process gives it; all resolve to the exit status. */
export const runZfs3backup = (io: CommandIo): Promise<number> => runProgram(zfs3backupProgram, io);
export const runPput = (io: CommandIo): Promise<number> => runProgram(pputProgram, io);
export const runGet = (io: CommandIo): Promise<number> => runProgram(getProgram, io);
export const runSshSync = (io: CommandIo): Promise<number> => runProgram(sshSyncProgram, io);
