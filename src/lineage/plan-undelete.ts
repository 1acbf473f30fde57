import type { Backup, Lineage } from './backup.ts';
import { buildLineage } from './lineage.ts';
import { entriesByName, linkEntries } from './parents.ts';

export interface UndeleteRequest {
  /** What is there. */
  readonly lineage: Lineage;
  /** What was deleted and can be brought back. */
  readonly deleted: readonly Backup[];
  /** Exactly as they stand after the `@`. */
  readonly names: readonly string[];
}

export interface UndeletePlan {
  readonly kind: 'plan';
  /** What comes back, with what it builds on: parents first. */
  readonly steps: readonly Backup[];
  readonly notes: readonly string[];
}

export interface NothingToBringBack {
  readonly kind: 'not-deleted';
  readonly dataset: string;
  readonly asked: string;
  /** What can be brought back, oldest first. */
  readonly deleted: readonly string[];
}

/** The named backups and whatever of their chains was deleted, so that they can be restored. */
export function planUndelete({
  lineage,
  deleted,
  names,
}: UndeleteRequest): UndeletePlan | NothingToBringBack {
  const { dataset } = lineage;
  const present = entriesByName(lineage);
  const coming = deleted.filter(({ snapshot }) => !present.has(snapshot));
  const whole = buildLineage(dataset, [...lineage.entries.map(({ backup }) => backup), ...coming]);
  const known = entriesByName(whole);
  const parentOf = linkEntries(whole);
  const wanted = new Set<string>();
  const notes: string[] = [];
  for (const asked of names) {
    const entry = known.get(asked);
    if (entry === undefined) {
      const stored = whole.entries.map(({ backup }) => backup.snapshot).filter((name) => !present.has(name));
      return { kind: 'not-deleted', dataset, asked, deleted: stored };
    }
    if (present.has(asked)) notes.push(`${asked} is there: it was not deleted.`);
    if (entry.health !== 'ok') notes.push(`${asked} cannot be restored even then: ${entry.health}.`);
    for (let next = known.get(asked); next && !wanted.has(next.backup.snapshot); next = parentOf(next)) {
      wanted.add(next.backup.snapshot);
    }
  }
  const steps = whole.entries
    .map(({ backup }) => backup)
    .filter(({ snapshot }) => wanted.has(snapshot) && !present.has(snapshot));
  return { kind: 'plan', steps, notes };
}
