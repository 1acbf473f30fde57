import type { ConfigProblem } from '../errors.ts';
import type { CommandCall } from './program.ts';

/** Backups as they were named on the command line. */
export interface NamedBackups {
  /** After the `@`, each once. */
  readonly snapshots: readonly string[];
  /** The command line's, with the dataset that the names tell. */
  readonly flags: Readonly<Record<string, string | boolean>>;
  readonly problems: readonly ConfigProblem[];
}

/** `dataset@name` names the dataset too: all of them must agree, and so must `--dataset`. */
export function readNamedBackups({ arguments: given }: CommandCall): NamedBackups {
  const problems: ConfigProblem[] = [];
  const snapshots = new Set<string>();
  let dataset = given.text('dataset');
  for (const word of given.positionals) {
    const at = word.indexOf('@');
    const named = at > 0 ? word.slice(0, at) : undefined;
    const snapshot = word.slice(at + 1);
    if (snapshot === '') problems.push({ where: word || 'SNAPSHOT', message: 'names no snapshot' });
    if (named !== undefined && dataset !== undefined && named !== dataset) {
      problems.push({ where: word, message: `is of another dataset than ${dataset}` });
    }
    dataset ??= named;
    snapshots.add(snapshot);
  }
  const flags = dataset === undefined ? given.values : { ...given.values, dataset };
  return { snapshots: [...snapshots], flags, problems };
}
