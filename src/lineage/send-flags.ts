/** Flags of `zfs send` that decide what is in a stream, in the order in which they are written down. */
const FORMAT_LETTERS = 'wLcepDhbR';

/** What a person may write for them. */
const LONG_NAMES: Readonly<Record<string, string>> = {
  '--raw': 'w',
  '--large-block': 'L',
  '--compressed': 'c',
  '--embed': 'e',
  '--props': 'p',
  '--dedup': 'D',
  '--holds': 'h',
  '--backup': 'b',
  '--replicate': 'R',
};

/** They only choose what is said, or what is left out. */
const WITHOUT_EFFECT = new Set(['--verbose', '--parsable', '--dryrun', '--proctitle', '--skip-missing']);
const LETTERS_WITHOUT_EFFECT = new Set([...'vPVsn']);

/** What a raw stream of blocks that are not encrypted is the same as (seen on real ones). */
const RAW_IMPLIES = ['-L', '-c', '-e'];

export interface SendFlagsQuestion {
  /** As they were given, one argument each: `-c`, `-cLe`, `--raw`. */
  readonly given: readonly string[];
  /** Whether the dataset's blocks are encrypted. */
  readonly encrypted: boolean;
}

/**
 * What of the flags decides the format of a stream, in one spelling and order, so that two chains can be compared:
 * an incremental made with other ones than its parent may not be received, or be received wrongly (openzfs #6224).
 */
export function formatFlags({ given, encrypted }: SendFlagsQuestion): readonly string[] {
  const { letters, others } = readFlags(given);
  if (letters.has('w') && !encrypted) {
    letters.delete('w');
    for (const flag of RAW_IMPLIES) letters.add(flag.slice(1));
  }
  if (letters.has('w')) for (const flag of RAW_IMPLIES) letters.delete(flag.slice(1));
  const known = [...FORMAT_LETTERS].filter((letter) => letters.has(letter)).map((letter) => `-${letter}`);
  return [...known, ...others];
}

export function isRaw(flags: readonly string[]): boolean {
  return readFlags(flags).letters.has('w');
}

/** Whether a stream made with these brings properties of the dataset along, such as where it is mounted. */
export function bringsProperties(flags: readonly string[]): boolean {
  const { letters, others } = readFlags(flags);
  return letters.has('p') || letters.has('R') || letters.has('b') || others.length > 0;
}

/** Whether a stream made with these is of the datasets below, too, and names the snapshots that it becomes by itself. */
export function isReplication(flags: readonly string[] = []): boolean {
  return readFlags(flags).letters.has('R');
}

function readFlags(given: readonly string[]) {
  const letters = new Set<string>();
  const others: string[] = [];
  for (const flag of given) {
    const long = LONG_NAMES[flag];
    if (long !== undefined) letters.add(long);
    else if (flag.startsWith('--') || !/^-[A-Za-z]+$/.test(flag)) {
      if (!WITHOUT_EFFECT.has(flag)) others.push(flag);
    } else for (const letter of flag.slice(1)) addLetter(letter);
  }
  return { letters, others };

  function addLetter(letter: string): void {
    if (FORMAT_LETTERS.includes(letter)) letters.add(letter);
    else if (!LETTERS_WITHOUT_EFFECT.has(letter) && !others.includes(`-${letter}`)) others.push(`-${letter}`);
  }
}

/** No flag at all; an empty value is lost by some stores. */
const NONE = 'none';

/** For the metadata: `-L -c`, or `none`. */
export function encodeSendFlags(flags: readonly string[]): string {
  return flags.length === 0 ? NONE : flags.join(' ');
}

/** `undefined` where nothing is said, or nothing that makes sense: nobody knows how that stream was made. */
export function decodeSendFlags(text: string | undefined): readonly string[] | undefined {
  if (text === undefined || !/^[\x20-\x7e]{1,200}$/.test(text)) return undefined;
  if (text === NONE) return [];
  const flags = text.split(' ').filter((flag) => flag !== '');
  return flags.length > 0 && flags[0]?.startsWith('-') ? flags : undefined;
}
