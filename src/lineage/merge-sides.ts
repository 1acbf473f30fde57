import type { Lineage, LineageEntry } from './backup.ts';
import { matchStored } from './match.ts';
import { linkEntries } from './parents.ts';
import type { Snapshot } from './snapshot.ts';
import type { Line } from './status-row.ts';

/**
 * Both sides in one order of creation; `local` is in its own, which is kept. A backup without a local snapshot stands
 * before the next that was taken later. Where no record tells when its own was taken, it stands before the next that was
 * backed up later, or taken after it had been stored. It never stands before its parent, or behind what builds on it.
 */
export function mergeSides(
  lineage: Lineage,
  local: readonly Snapshot[],
  snapshotPrefix: string,
): readonly Line[] {
  const stored = matchStored(lineage);
  const sides = local.map((snapshot) => {
    const match = stored(snapshot);
    return { local: snapshot, entry: match.kind === 'same' ? match.entry : undefined };
  });
  const shared = new Set(sides.flatMap(({ entry }) => entry ?? []));
  const placement = createPlacement(lineage, shared);
  const queue = createQueue(lineage, shared);
  for (const side of sides) {
    if (side.entry === undefined && !side.local.name.startsWith(snapshotPrefix)) continue;
    for (const entry of queue.takeBefore(side.local, side.entry)) placement.storeOnly(entry);
    if (side.entry) placement.ancestorsOf(side.entry);
    placement.line(side);
  }
  for (const entry of queue.takeRest()) placement.storeOnly(entry);
  return placement.lines;
}

/** When its snapshot was taken, as recorded. */
function takenAt({ backup }: LineageEntry): number | undefined {
  const time = backup.snapshotCreatedAt?.getTime();
  return time === undefined || Number.isNaN(time) ? undefined : time;
}

/** The backups without a local snapshot, those with a record by when they were taken, the others as they were stored. */
function createQueue(lineage: Lineage, shared: ReadonlySet<LineageEntry>) {
  const gone = lineage.entries.filter((entry) => !shared.has(entry));
  const positions = new Map(lineage.entries.map((entry, position) => [entry, position]));
  const positionOf = (entry: LineageEntry | undefined) => (entry && positions.get(entry)) ?? -1;
  const timeOf = (entry: LineageEntry) => takenAt(entry) ?? entry.backup.storedAt.getTime();
  const recorded = gone.filter((entry) => takenAt(entry) !== undefined);
  recorded.sort((a, b) => timeOf(a) - timeOf(b));
  const lines = [recorded, gone.filter((entry) => takenAt(entry) === undefined)];
  const next = [0, 0];

  function* take(isDue: (entry: LineageEntry) => boolean): Generator<LineageEntry> {
    for (;;) {
      const due = lines.flatMap((line, at) => {
        const entry = line[next[at] ?? 0];
        return entry && isDue(entry) ? [{ entry, at }] : [];
      });
      const [first, second] = due;
      if (first === undefined) return;
      const { entry, at } = second && timeOf(second.entry) < timeOf(first.entry) ? second : first;
      next[at] = (next[at] ?? 0) + 1;
      yield entry;
    }
  }

  return {
    takeBefore(local: Snapshot, shown: LineageEntry | undefined) {
      const created = local.createdAt.getTime();
      const limit = positionOf(shown);
      return take((entry) => {
        const taken = takenAt(entry);
        const isStoredBefore = positionOf(entry) < limit;
        if (taken === undefined) return isStoredBefore || timeOf(entry) < created;
        // times are whole seconds; what is gone is most often the older one
        return taken < created || (taken === created && (shown === undefined || isStoredBefore));
      });
    },
    takeRest: () => take(() => true),
  };
}

function createPlacement(lineage: Lineage, shared: ReadonlySet<LineageEntry>) {
  const lines: Line[] = [];
  const linked = linkEntries(lineage);
  const parentOf = (entry: LineageEntry) => (entry.health === 'cycle detected' ? undefined : linked(entry));
  const placed = new Set<LineageEntry>();
  const waiting = new Map<LineageEntry, LineageEntry[]>();
  const isWaiting = new Set<LineageEntry>();

  // Grows while it is walked, in place of recursion: chains are thousands long.
  function line(first: Line): void {
    const queue = [first];
    for (const side of queue) {
      if (side.entry === undefined) {
        lines.push(side);
        continue;
      }
      if (placed.has(side.entry)) continue;
      lines.push(side);
      placed.add(side.entry);
      for (const entry of waiting.get(side.entry) ?? []) queue.push({ entry, local: undefined });
      waiting.delete(side.entry);
    }
  }

  function wait(entry: LineageEntry, parent: LineageEntry): void {
    isWaiting.add(entry);
    const others = waiting.get(parent);
    if (others) others.push(entry);
    else waiting.set(parent, [entry]);
  }

  /** With what it builds on, oldest first; behind a local snapshot of which that is one, where it is still to come. */
  function storeOnly(entry: LineageEntry | undefined): void {
    const path: LineageEntry[] = [];
    let next = entry;
    while (next !== undefined && !placed.has(next) && !shared.has(next) && !isWaiting.has(next)) {
      path.push(next);
      next = parentOf(next);
    }
    for (const each of path.reverse()) {
      const parent = parentOf(each);
      if (parent === undefined || placed.has(parent)) line({ entry: each, local: undefined });
      else wait(each, parent);
    }
  }

  return {
    lines,
    line,
    storeOnly,
    ancestorsOf(entry: LineageEntry): void {
      storeOnly(parentOf(entry));
    },
  };
}
