import type { Lineage, LineageEntry } from './backup.ts';
import type { NoSuchBackup } from './conflicts.ts';
import { type DeletionPlan, descendantsOf, type Keeps, keep, listDeletions } from './deletions.ts';
import { doubtsOf } from './doubts.ts';
import { entriesByName } from './parents.ts';

export interface DeleteRequest {
  readonly lineage: Lineage;
  /** Exactly as they stand after the `@`. */
  readonly names: readonly string[];
  /** Delete what builds on them, too. */
  readonly withChildren: boolean;
  /** Consent to there being nothing left that can be restored. */
  readonly force: boolean;
  /** Why backups must stay, by the name of their snapshot. */
  readonly held: ReadonlyMap<string, string>;
}

/** Backups that nobody named build on what should go. */
export interface HasChildren {
  readonly kind: 'has-children';
  readonly dataset: string;
  readonly names: readonly string[];
  /** Oldest first. */
  readonly children: readonly string[];
}

/** Nothing that can be restored would be left. */
export interface LastChain {
  readonly kind: 'last-chain';
  readonly dataset: string;
  /** The newest that can be restored now. */
  readonly snapshot: string;
}

export interface IsHeld {
  readonly kind: 'is-held';
  readonly dataset: string;
  readonly snapshot: string;
  readonly reason: string;
}

export type DeleteConflict = NoSuchBackup | HasChildren | LastChain | IsHeld;

/** What goes when these are deleted by name, or why they cannot be. */
export function planDelete(request: DeleteRequest): DeletionPlan | DeleteConflict {
  const { lineage, withChildren, force, held } = request;
  const { dataset, entries } = lineage;
  const known = entriesByName(lineage);
  const asked = request.names.find((name) => !known.has(name));
  if (asked !== undefined) return { kind: 'no-such-backup', dataset, asked, stored: [...known.keys()] };
  const names = new Set(request.names);
  const children = descendantsOf(lineage, names).map(({ backup }) => backup.snapshot);
  if (children.length > 0 && !withChildren) {
    return { kind: 'has-children', dataset, names: [...names], children };
  }
  const going = new Set([...names, ...children]);
  for (const snapshot of going) {
    const reason = held.get(snapshot);
    if (reason !== undefined) return { kind: 'is-held', dataset, snapshot, reason };
  }
  const last = lastHealthy(lineage, going);
  if (last && !force) return { kind: 'last-chain', dataset, snapshot: last.backup.snapshot };
  const keeps: Keeps = new Map();
  for (const entry of entries) if (!going.has(entry.backup.snapshot)) keep(keeps, entry, 'not named');
  return listDeletions(lineage, keeps, children.length > 0 ? 'named, or builds on what is' : 'named');
}

/** The newest backup that can be restored, where none of them would stay. */
function lastHealthy(lineage: Lineage, going: ReadonlySet<string>): LineageEntry | undefined {
  const doubts = doubtsOf(lineage);
  const healthy = lineage.entries.filter((entry) => entry.health === 'ok' && !doubts.has(entry));
  return healthy.every(({ backup }) => going.has(backup.snapshot)) ? healthy.at(-1) : undefined;
}
