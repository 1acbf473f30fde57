import { isReplication } from './send-flags.ts';

/** What else may be backed up, and how. */
export interface Coverage {
  /** Datasets that are backed up as well, by name. */
  readonly covered: readonly string[];
  /** Flags of the sending program. */
  readonly sendFlags: readonly string[];
}

/**
 * Of the datasets right below one: those that its backups do not hold, and that nothing else backs up. A child that was
 * taken for part of its parent is missed only when it is to be restored.
 */
export function findUncovered(
  children: readonly string[],
  { covered, sendFlags }: Coverage,
): readonly string[] {
  if (isReplication(sendFlags)) return [];
  return children.filter((child) => !covered.includes(child)).sort();
}
