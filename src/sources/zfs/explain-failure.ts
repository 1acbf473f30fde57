import { ProcessFailedError, Zfs3BackupError } from '../../errors.ts';
import { quoteForShell } from './zfs-program.ts';

const INSTALL =
  'Install ZFS here (on Debian `apt-get install zfsutils-linux zfs-dkms`), or name its folder in PATH, of which cron sets a short one.';

/** Words of a ZFS whose programs are there while the file system itself is not. */
const NOT_RUNNING: ReadonlyArray<readonly [RegExp, string]> = [
  [/ZFS modules (are not|cannot be)/i, 'Load the module as root: `modprobe zfs`.'],
  [/failed to initialize (the )?(lib)?zfs library/i, 'Load the module as root: `modprobe zfs`.'],
  [/zfs-fuse daemon/i, 'Start the daemon as root: `zfs-fuse`.'],
  [/\/dev\/zfs/, 'Load the module as root: `modprobe zfs`; in a container the device must be passed in.'],
];

const ADVICE: ReadonlyArray<readonly [RegExp, string]> = [
  [/permission denied/i, 'Run this as root, or delegate the permission with `zfs allow`.'],
  [
    /destination .* exists/i,
    'It came to be since this was planned, and somebody may be receiving into it: look at `zfs list`, then run the same again. --to names another dataset, --force overwrites this one.',
  ],
  [
    /out of space/i,
    'Free space in the pool (`zfs list -o space`), then run the same again: it goes on from what has arrived.',
  ],
  [
    /could not send .*does not exist/i,
    'It was destroyed meanwhile: run the same again, which goes by what is there now.',
  ],
  [
    /dataset is busy|being held/i,
    'Something is at it, or keeps one of its snapshots by a hold: `zfs holds -r NAME` tells who.',
  ],
  [
    /most recent snapshot of .* does not\s+match/i,
    'The target has gone on by itself: look at its snapshots.',
  ],
  [/(key|encryption).*(not loaded|must be loaded)/i, 'Load the key with `zfs load-key`, or send raw (`-w`).'],
];

/** What every ZFS says of a target to which something was written since. */
const MODIFIED = /has been modified/i;

const NO_DATASET = /^cannot open '.*': (.*does not exist|no such pool)/m;
const NO_DATASET_NAME =
  /^cannot open '.*': (.* in name$|name is |invalid dataset name|.*doesn't begin with a letter)/m;

/** Whether ZFS said that the dataset is not there, or that no dataset can have such a name. */
export function isMissingDataset(error: unknown): boolean {
  if (!(error instanceof ProcessFailedError)) return false;
  return NO_DATASET.test(error.stderr) || NO_DATASET_NAME.test(error.stderr);
}

/**
 * The same failure with advice, PROGRAM_MISSING when there is no working ZFS at all, or WOULD_LOSE_DATA when a receive
 * was refused for what was written to its target; others pass as they are.
 */
export function explainFailure(error: unknown, receiving?: { readonly target: string }): unknown {
  if (!(error instanceof ProcessFailedError)) return error;
  if (error.code === 'PROGRAM_MISSING' || error.exitCode === 127) return programMissing(error);
  const notRunning = NOT_RUNNING.find(([words]) => words.test(error.stderr));
  if (notRunning) {
    const message = `ZFS is installed but not running here: ${error.stderr.trim()}`;
    return new Zfs3BackupError('PROGRAM_MISSING', message, { advice: notRunning[1], cause: error });
  }
  if (receiving && MODIFIED.test(error.stderr)) return wouldLose(error, receiving.target);
  const advice = receiving ? receiveAdvice(error.stderr, receiving.target) : adviceFor(error.stderr);
  return advice === undefined ? error : new ProcessFailedError(error, { advice, cause: error });
}

/** Where ZFS can tell beforehand the plan says so; this is for an old one, and for what was written since. */
function wouldLose(error: ProcessFailedError, target: string): Zfs3BackupError {
  return new Zfs3BackupError('WOULD_LOSE_DATA', error.message, {
    advice: `Restore beside it with --to another dataset, or add --force: ${target} then goes back to what the backups build on, and whatever was written to it since is lost.`,
    cause: error,
  });
}

function programMissing(error: ProcessFailedError): ProcessFailedError {
  // what stands before zfs, such as ssh, is the user's to correct
  const advice = error.command[0] === 'zfs' ? INSTALL : (error.advice ?? INSTALL);
  return new ProcessFailedError(error, { missing: true, advice, cause: error });
}

function receiveAdvice(words: string, target: string): string | undefined {
  const parent = target.slice(0, Math.max(target.lastIndexOf('/'), 0));
  const pool = target.replace(/\/.*/s, '');
  if (/does not exist/.test(words) && parent !== '') {
    const noPool = `\`zpool list\` shows the pools of this machine, \`zpool import\` those that could be had: ${pool} must be one of them.`;
    if (parent === pool) return noPool;
    return `If the dataset above the target is missing, create it first: \`zfs create -p ${quoteForShell(parent)}\`. ${noPool}`;
  }
  return adviceFor(words);
}

function adviceFor(words: string): string | undefined {
  return ADVICE.find(([pattern]) => pattern.test(words))?.[1];
}
