/** What the installed ZFS can do beyond the basics that each has. */
export interface ZfsFeatures {
  /** `zfs send -nvP` tells the expected bytes, and there is a `written` property: they came in one change. */
  readonly estimates: boolean;
  /** `zfs send -w`: an encrypted dataset leaves without its key. */
  readonly rawSend: boolean;
  /** `zfs receive -u`: what arrives is not mounted. */
  readonly unmountedReceive: boolean;
  /** `zfs receive -s`: an interrupted receive can be continued. */
  readonly resumableReceive: boolean;
  /** `zfs receive -o` and `-x`. */
  readonly receiveProperties: boolean;
  readonly bookmarks: boolean;
  /** `zfs holds -H` tells who holds a snapshot: zfs-fuse can hold, but not tell. */
  readonly holds: boolean;
}

/** Reads the synopses that `zfs -?` prints; versions differ per distribution, synopses say what is there. */
export function parseFeatures(usage: string): ZfsFeatures {
  const send = singleLetterFlags(usage, 'send');
  const receive = singleLetterFlags(usage, 'receive');
  return {
    estimates: send.has('n') && send.has('P'),
    rawSend: send.has('w'),
    unmountedReceive: receive.has('u'),
    resumableReceive: receive.has('s'),
    receiveProperties: /^\s+receive .*\[-x /m.test(usage),
    bookmarks: /^\s+bookmark\s/m.test(usage),
    holds: singleLetterFlags(usage, 'holds').has('H'),
  };
}

/** The letters in each `[-abc]` of the subcommand's synopses. */
function singleLetterFlags(usage: string, subcommand: string): ReadonlySet<string> {
  const synopses = usage.split('\n').filter((line) => line.trim().startsWith(`${subcommand} `));
  const groups = synopses.flatMap((line) => [...line.matchAll(/\[-([A-Za-z]+)\]/g)]);
  return new Set(groups.flatMap(([, letters = '']) => [...letters]));
}
