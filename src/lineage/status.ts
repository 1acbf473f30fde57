import type { Lineage, LineageEntry } from './backup.ts';
import { matchStored } from './match.ts';
import { linkEntries } from './parents.ts';
import { inCreationOrder, type Snapshot } from './snapshot.ts';
import { assembleRow, createLook, type Line, type LookFacts, type StatusRow } from './status-row.ts';

export type { StatusRow } from './status-row.ts';

export interface StatusSummary {
  readonly backups: number;
  readonly storedBytes: number;
  /** Local snapshots with the prefix that have no backup, oldest first. */
  readonly notBackedUp: readonly string[];
  /** Those of them that are older than what the next incremental builds on, so that no backup will store them. */
  readonly passedOver: readonly string[];
  /** How many local snapshots are neither backed up nor have the prefix. */
  readonly leftOut: number;
  /** Backups that cannot be restored, oldest first. */
  readonly broken: readonly string[];
  /** Backups whose record tells of another object, oldest first. */
  readonly staleRecords: readonly string[];
  /** Backups whose name another snapshot has here, which cannot be stored under it, oldest first. */
  readonly otherSnapshots: readonly string[];
}

export interface DatasetStatus {
  readonly snapshots: readonly StatusRow[];
  readonly summary: StatusSummary;
}

export interface StatusFacts extends LookFacts {
  readonly lineage: Lineage;
  readonly snapshotPrefix: string;
}

/** Both sides of a dataset in order of creation. */
export function assembleStatus(facts: StatusFacts): DatasetStatus {
  const { lineage, snapshots, snapshotPrefix } = facts;
  const lines = mergeSides(lineage, inCreationOrder(snapshots), snapshotPrefix);
  const look = createLook(facts);
  const rows = lines.map((line) => assembleRow(line, look));
  return {
    snapshots: rows,
    summary: {
      backups: lineage.entries.length,
      storedBytes: lineage.entries.reduce((sum, { backup }) => sum + backup.storedBytes, 0),
      notBackedUp: rows.filter(({ type }) => type === 'missing').map(({ name }) => name),
      passedOver: rows
        .slice(0, rows.findLastIndex(isBase) + 1)
        .filter(({ type }) => type === 'missing')
        .map(({ name }) => name),
      leftOut: snapshots.length - rows.filter(({ local }) => local === 'ok').length,
      broken: rows.filter(({ health }) => health !== null && health !== 'ok').map(({ name }) => name),
      staleRecords: rows.filter(({ record }) => record === 'stale').map(({ name }) => name),
      otherSnapshots: rows.filter(({ local }) => local === 'other snapshot').map(({ name }) => name),
    },
  };
}

function isBase({ type, health, local, bookmarked }: StatusRow): boolean {
  return type !== 'missing' && health === 'ok' && (local === 'ok' || bookmarked);
}

/**
 * Local snapshots stand in their own order. A backup without one stands after its parent and before the next local
 * snapshot that was backed up later or taken after it had been stored.
 */
function mergeSides(lineage: Lineage, local: readonly Snapshot[], snapshotPrefix: string): readonly Line[] {
  const stored = matchStored(lineage);
  const sides = local.map((snapshot) => {
    const match = stored(snapshot);
    return { local: snapshot, entry: match.kind === 'same' ? match.entry : undefined };
  });
  const shared = new Set(sides.map(({ entry }) => entry));
  const place = createPlacement(lineage, shared);
  for (const side of sides) {
    if (side.entry === undefined && !side.local.name.startsWith(snapshotPrefix)) continue;
    place.storeOnlyBefore(side);
    place.line(side);
  }
  place.rest();
  return place.lines;
}

function createPlacement(lineage: Lineage, shared: ReadonlySet<LineageEntry | undefined>) {
  const lines: Line[] = [];
  const parentOf = linkEntries(lineage);
  const placed = new Set<LineageEntry>();
  const waiting = new Map<LineageEntry, LineageEntry[]>();
  const positions = new Map(lineage.entries.map((entry, position) => [entry, position]));
  let next = 0;

  // Grows while it is walked, in place of recursion: chains are thousands long.
  function line(first: Line): void {
    const queue = [first];
    for (const side of queue) {
      lines.push(side);
      if (side.entry === undefined) continue;
      placed.add(side.entry);
      for (const entry of waiting.get(side.entry) ?? []) queue.push({ entry, local: undefined });
      waiting.delete(side.entry);
    }
  }

  function storeOnly(entry: LineageEntry): void {
    const parent = entry.health === 'cycle detected' ? undefined : parentOf(entry);
    if (parent === undefined || placed.has(parent)) {
      line({ entry, local: undefined });
      return;
    }
    const others = waiting.get(parent);
    if (others) others.push(entry);
    else waiting.set(parent, [entry]);
  }

  function advance(goesBefore: (entry: LineageEntry, position: number) => boolean): void {
    for (let entry = lineage.entries[next]; entry && goesBefore(entry, next); entry = lineage.entries[next]) {
      next++;
      if (!shared.has(entry)) storeOnly(entry);
    }
  }

  return {
    lines,
    line,
    storeOnlyBefore({ entry: shown, local }: Line): void {
      const limit = shown === undefined ? -1 : (positions.get(shown) ?? -1);
      advance(
        ({ backup }, position) =>
          position < limit || (local !== undefined && backup.storedAt < local.createdAt),
      );
    },
    rest(): void {
      advance(() => true);
    },
  };
}
