import type { Lineage } from './backup.ts';
import { mergeSides } from './merge-sides.ts';
import { inCreationOrder, type Snapshot } from './snapshot.ts';
import { assembleRow, createLook, type LookFacts, type StatusRow } from './status-row.ts';

export type { StatusRow } from './status-row.ts';

export interface StatusSummary {
  readonly backups: number;
  readonly storedBytes: number;
  /** How many local snapshots have the prefix; `null`, as below, where this machine's side was not read. */
  readonly matching: number | null;
  /** Local snapshots with the prefix that have no backup, oldest first. */
  readonly notBackedUp: readonly string[] | null;
  /** Those of them that are older than what the next incremental builds on, so that no backup will store them. */
  readonly passedOver: readonly string[] | null;
  /** How many local snapshots are neither backed up nor have the prefix. */
  readonly leftOut: number | null;
  /** Backups that cannot be restored, oldest first. */
  readonly broken: readonly string[];
  /** Backups whose record tells of another object, oldest first. */
  readonly staleRecords: readonly string[];
  /** Backups whose name another snapshot has here, which cannot be stored under it, oldest first; none where that is not known. */
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
  const { lineage, snapshots, snapshotPrefix, side } = facts;
  const lines = mergeSides(lineage, inCreationOrder(snapshots), snapshotPrefix);
  const look = createLook(facts);
  const rows = lines.map((line) => assembleRow(line, look));
  return {
    snapshots: rows,
    summary: {
      backups: lineage.entries.length,
      storedBytes: lineage.entries.reduce((sum, { backup }) => sum + backup.storedBytes, 0),
      ...(side === 'read' ? sumUpLocal(rows, snapshots, snapshotPrefix) : NOT_READ),
      broken: rows.filter(({ health }) => health !== null && health !== 'ok').map(({ name }) => name),
      staleRecords: rows.filter(({ record }) => record === 'stale').map(({ name }) => name),
      otherSnapshots: rows.filter(({ local }) => local === 'other snapshot').map(({ name }) => name),
    },
  };
}

const NOT_READ = { matching: null, notBackedUp: null, passedOver: null, leftOut: null };

function sumUpLocal(rows: readonly StatusRow[], snapshots: readonly Snapshot[], snapshotPrefix: string) {
  const missing = (of: readonly StatusRow[]) =>
    of.filter(({ type }) => type === 'missing').map(({ name }) => name);
  return {
    matching: snapshots.filter(({ name }) => name.startsWith(snapshotPrefix)).length,
    notBackedUp: missing(rows),
    passedOver: missing(rows.slice(0, rows.findLastIndex(isBase) + 1)),
    leftOut: snapshots.length - rows.filter(({ local }) => local === 'ok').length,
  };
}

function isBase({ type, health, local, bookmarked }: StatusRow): boolean {
  return type !== 'missing' && health === 'ok' && (local === 'ok' || bookmarked);
}
