import type { Backup, Health, LineageEntry } from './backup.ts';
import { isKnown, type LocalSide } from './local-side.ts';
import type { Marks } from './marks.ts';
import { isOther } from './parents.ts';
import { holdTag } from './plan-marks.ts';
import type { Snapshot } from './snapshot.ts';

/** One line of `status`: a backup, or a local snapshot that has none. */
export interface StatusRow {
  /** After the `@`; a backup's own name where the local snapshot was renamed. */
  readonly name: string;
  readonly parent: string | null;
  readonly type: 'full' | 'incremental' | 'missing';
  /** `null` for `missing`. */
  readonly health: Health | null;
  /**
   * Whether this machine has the snapshot; `other snapshot` where another one has its name here; `null` where nobody
   * could look.
   */
  readonly local: 'ok' | 'missing' | 'other snapshot' | null;
  /** What it is called here, where that is not `name`. */
  readonly localName: string | null;
  /** Whether it is held for the next incremental to this store. */
  readonly held: boolean;
  /** Whether the snapshot is gone, but a bookmark is left that an incremental can go on from. */
  readonly bookmarked: boolean;
  /** As recorded; without a record what was expected at the upload, a hint. */
  readonly streamBytes: number | null;
  readonly storedBytes: number | null;
  /** `stale`: it tells of another object than the one that is there. `null` for `missing`. */
  readonly record: 'ok' | 'none' | 'stale' | null;
  /** ISO 8601: when the snapshot was taken where that is known, else when its backup was stored. */
  readonly createdAt: string | null;
}

/** What is known of a line besides its two sides. */
export interface Look {
  isHeld(local: Snapshot): boolean;
  isBookmarked(entry: LineageEntry): boolean;
  isOther(entry: LineageEntry): boolean;
  /** What it means that the snapshot was not found here. */
  readonly absent: 'missing' | null;
}

export interface LookFacts {
  readonly side: LocalSide;
  /** Empty when the dataset was not read. */
  readonly snapshots: readonly Snapshot[];
  readonly marks?: Marks | undefined;
  /** Whose holds are meant. */
  readonly storeId?: string | undefined;
}

export function createLook({ side, snapshots, marks, storeId }: LookFacts): Look {
  const byName = new Map(snapshots.map((snapshot) => [snapshot.name, snapshot]));
  const tag = storeId === undefined ? undefined : holdTag(storeId);
  const held = new Set(marks?.holds.filter((hold) => hold.tag === tag).map(({ snapshot }) => snapshot));
  const bookmarked = new Set(marks?.bookmarks.map(({ guid }) => guid));
  return {
    isHeld: ({ name }) => held.has(name),
    isBookmarked: ({ backup: { guid } }) => guid !== undefined && bookmarked.has(guid),
    isOther: ({ backup }) => isOther(backup.guid, byName.get(backup.snapshot)?.guid),
    absent: isKnown(side) ? 'missing' : null,
  };
}

/** The two sides of a line; one of them is there. */
export interface Line {
  readonly entry: LineageEntry | undefined;
  readonly local: Snapshot | undefined;
}

export function assembleRow({ entry, local }: Line, look: Look): StatusRow {
  const backup = entry?.backup;
  const name = backup?.snapshot ?? local?.name ?? '';
  return {
    name,
    parent: backup?.parent ?? null,
    type: backup?.kind ?? 'missing',
    health: entry?.health ?? null,
    local: local ? 'ok' : entry && look.isOther(entry) ? 'other snapshot' : look.absent,
    localName: local && local.name !== name ? local.name : null,
    held: local !== undefined && look.isHeld(local),
    bookmarked: local === undefined && entry !== undefined && look.isBookmarked(entry),
    streamBytes: backup?.streamBytes ?? backup?.estimate ?? null,
    storedBytes: backup?.storedBytes ?? null,
    record: backup ? stateOfRecord(backup) : null,
    createdAt: toIso(local?.createdAt ?? backup?.snapshotCreatedAt ?? backup?.storedAt),
  };
}

function stateOfRecord({ recordKey, staleRecordKey }: Backup): 'ok' | 'none' | 'stale' {
  if (recordKey !== undefined) return 'ok';
  return staleRecordKey === undefined ? 'none' : 'stale';
}

// A date that a source or store garbled must not end the listing.
function toIso(date: Date | undefined): string | null {
  return date === undefined || Number.isNaN(date.getTime()) ? null : date.toISOString();
}
