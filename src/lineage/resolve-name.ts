import type { AmbiguousName, OtherDataset } from './conflicts.ts';

export interface NameQuestion {
  readonly what: 'snapshot' | 'backup';
  readonly dataset: string;
  /** As a person wrote it: `name`, `@name`, `dataset@name`, or the name without the prefix. */
  readonly asked: string;
  readonly snapshotPrefix: string;
  readonly names: readonly string[];
}

export type NameAnswer =
  | { readonly kind: 'found'; readonly name: string }
  | { readonly kind: 'unknown' }
  | AmbiguousName
  | OtherDataset;

/** The name that is meant. One that exists as it was written always wins over one that only ends like it. */
export function resolveName({ what, dataset, asked, snapshotPrefix, names }: NameQuestion): NameAnswer {
  const at = asked.indexOf('@');
  if (at > 0 && asked.slice(0, at) !== dataset) return { kind: 'other-dataset', what, dataset, asked };
  const wanted = asked.slice(at + 1);
  if (wanted === '') return { kind: 'unknown' };
  if (names.includes(wanted)) return { kind: 'found', name: wanted };
  if (snapshotPrefix === '') return { kind: 'unknown' };
  const candidates = names.filter((name) => endings(name, snapshotPrefix).includes(wanted));
  const [only, second] = candidates;
  if (only === undefined) return { kind: 'unknown' };
  if (second === undefined) return { kind: 'found', name: only };
  return { kind: 'ambiguous-name', what, dataset, asked, candidates };
}

// The prefix `zfs-auto-snap:daily` leaves `-2026-01-01`, and nobody types that hyphen.
function endings(name: string, prefix: string): readonly string[] {
  if (!name.startsWith(prefix)) return [];
  const rest = name.slice(prefix.length);
  return [rest, rest.replace(/^[-_:.]/, '')];
}

/** The names that look most like what was asked for, best first; the newest where none does. */
export function nearestNames(asked: string, names: readonly string[], count = 5): readonly string[] {
  const wanted = asked.slice(asked.indexOf('@') + 1).toLowerCase();
  const scored = names.map((name) => ({ name, score: likeness(wanted, name.toLowerCase()) }));
  const alike = scored.filter(({ score }) => score >= 2).sort((a, b) => b.score - a.score);
  if (alike.length === 0) return names.slice(-count).reverse();
  return alike.slice(0, count).map(({ name }) => name);
}

// Linear in the length of the names: an edit distance over ten thousand of them would be felt.
function likeness(wanted: string, name: string): number {
  if (wanted !== '' && name.includes(wanted)) return 1000 - name.length;
  const shorter = Math.min(wanted.length, name.length);
  let front = 0;
  while (front < shorter && wanted[front] === name[front]) front++;
  let back = 0;
  while (back < shorter - front && wanted.at(-1 - back) === name.at(-1 - back)) back++;
  return front + back;
}
