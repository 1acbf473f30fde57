import { Zfs3BackupError } from '../errors.ts';

/** What to do about a stream that is just being made. */
export const MAKE_AGAIN =
  'Whatever made it failed, or was cut off: make it again. Behind `--` pput runs the program itself, and sees how ' +
  'it ended. `--expect none` takes any stream as it is.';

/** What to do about a stream that was stored long ago. */
export const STORED_SO =
  'The object does not hold a whole stream: restore from another backup. `--expect none` hands it on as it is.';

/** Says what is wrong with one stream, in the same words for each kind. */
export interface Complaints {
  /** The stream ended too early; `where` says in what. */
  truncated(bytes: number, where: string): Zfs3BackupError;
  damaged(at: number, why: string, cause?: unknown): Zfs3BackupError;
  /** There is more although it is over at `end`. */
  trailing(end: number): Zfs3BackupError;
  /** All bytes are well, and something is missing all the same. */
  incomplete(why: string): Zfs3BackupError;
  unexpected(why: string): Zfs3BackupError;
}

/** `what` names the stream, such as `ZFS send stream`. */
export function createComplaints(what: string, advice = MAKE_AGAIN): Complaints {
  const corrupt = (how: string, cause?: unknown) =>
    new Zfs3BackupError('CORRUPT_STREAM', `The ${what} ${how}`, {
      advice,
      ...(cause === undefined ? {} : { cause }),
    });
  return {
    truncated: (bytes, where) => corrupt(`is truncated after ${bytes} bytes, ${where}`),
    damaged: (at, why, cause) => corrupt(`is damaged at byte ${at}: ${why}`, cause),
    trailing: (end) => corrupt(`ends at byte ${end}, and more bytes follow after the end`),
    incomplete: (why) => corrupt(`is incomplete: ${why}`),
    unexpected: (why) => corrupt(why),
  };
}
