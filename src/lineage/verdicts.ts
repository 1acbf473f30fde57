import type { Backup, LineageEntry } from './backup.ts';
import type { VerifyItem, VerifyLevel } from './plan-verify.ts';

export type FindingKind =
  /** The object is not there. */
  | 'missing'
  /** Another number of bytes than was stored. */
  | 'size'
  /** Another object than was stored, by its ETag or digest. */
  | 'object'
  /** One part has other bytes than were stored. */
  | 'part'
  /** What the bytes decode to is damaged, cut short or no ZFS stream. */
  | 'stream'
  /** The stream is of another snapshot, or builds on another one, than is said. */
  | 'identity'
  /** ZFS did not take it. */
  | 'receive';

/** Something that is wrong with a backup. */
export interface Finding {
  readonly kind: FindingKind;
  /** A sentence without a full stop. */
  readonly message: string;
  /** Where, for a part: its number, and its first and last byte in the object. */
  readonly part?: { readonly number: number; readonly first: number; readonly last: number };
}

/** Why it is not known how a backup fares. */
export interface NotVerified {
  /** Of the error; `null` where it has none. */
  readonly code: string | null;
  readonly message: string;
}

/** What was seen of one backup by itself. */
export interface Looked {
  /** How far it was looked at without finding anything, or until something was found. */
  readonly level: VerifyLevel;
  readonly findings: readonly Finding[];
  /** What was not checked, and why: a sentence each. */
  readonly notes: readonly string[];
  readonly notVerified: NotVerified | undefined;
  /** 0 where nothing was read. */
  readonly readBytes: number;
  readonly streamBytes: number;
  readonly retries: number;
}

/**
 * `ok`: nothing is wrong with it as far as it was looked at, nor with what it builds on. `damaged`: something is wrong
 * with the object itself. `not restorable`: what it builds on is damaged or not there. `not verified`: it could not be
 * looked at as far as was asked.
 */
export type Verdict = 'ok' | 'damaged' | 'not restorable' | 'not verified';

export interface Judged extends Looked {
  readonly verdict: Verdict;
  /** Why a backup that is not damaged itself is not restorable. */
  readonly reason: string | undefined;
}

/** A verdict for each item, in order: damage of a backup is handed on to all that builds on it. */
export function giveVerdicts(
  items: readonly VerifyItem[],
  look: (item: VerifyItem) => Looked,
): readonly Judged[] {
  const entries = items.map(({ entry }) => entry.backup);
  /** Why what builds on an entry cannot be restored. */
  const blocked = new Map<LineageEntry, string>();
  return items.map((item) => {
    const looked = look(item);
    const { entry, parent } = item;
    const reason = (parent && blocked.get(parent)) ?? reasonOf(entry, entries);
    if (looked.findings.length > 0) {
      blocked.set(entry, `it builds on ${entry.backup.dataset}@${entry.backup.snapshot}, which is damaged`);
      return { ...looked, verdict: 'damaged', reason: undefined };
    }
    if (reason !== undefined) {
      blocked.set(entry, reason);
      return { ...looked, verdict: 'not restorable', reason };
    }
    return { ...looked, verdict: looked.notVerified ? 'not verified' : 'ok', reason: undefined };
  });
}

function reasonOf({ backup, health }: LineageEntry, stored: readonly Backup[]): string | undefined {
  if (health === 'ok') return undefined;
  const { dataset, snapshot, parent, parentGuid } = backup;
  if (health === 'cycle detected') return 'it builds on itself, over other backups';
  // Told by the one above it, where that is among the items.
  if (health === 'parent broken') return 'what it builds on is broken';
  if (parent === undefined) return 'nothing says what it builds on';
  const name = parent.includes('@') ? parent : `${dataset}@${parent}`;
  const namesake = stored.find((each) => each.dataset === dataset && each.snapshot === parent);
  if (namesake && namesake.snapshot !== snapshot)
    return `it builds on ${name} with the guid ${parentGuid}, and the ${name} in the store is another snapshot (guid ${namesake.guid})`;
  return `it builds on ${name}, which is not in the store`;
}
