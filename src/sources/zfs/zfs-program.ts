/** Turns the arguments of one `zfs` command into the whole argv. */
export type ZfsProgram = (args: readonly string[]) => readonly string[];

/**
 * `program` is what stands before the arguments: `['zfs']`, or a prefix such as `['ssh', 'host', 'zfs']`.
 *
 * ssh joins its arguments with spaces and hands the line to a shell over there, so behind ssh each argument is
 * quoted for that shell: a snapshot called `a b`, or worse, stays one argument.
 */
export function createZfsProgram(program: readonly string[]): ZfsProgram {
  const remoteShell = /(^|\/)ssh$/.test(program[0] ?? '');
  return (args) => [...program, ...(remoteShell ? args.map(quoteForShell) : args)];
}

/** One word for a POSIX shell. */
export function quoteForShell(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}
