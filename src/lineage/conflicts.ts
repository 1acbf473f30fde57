import type { Backup, Health, LineageEntry } from './backup.ts';
import type { PartialReceive } from './partial-receive.ts';
import type { Snapshot } from './snapshot.ts';

/** Why a plan cannot be made: data for programs. `conflictError` turns each into words. */

/** No local snapshot has the configured prefix. */
export interface NoSnapshotWithPrefix {
  readonly kind: 'no-snapshot-with-prefix';
  readonly dataset: string;
  readonly snapshotPrefix: string;
  /** What there is, oldest first. */
  readonly local: readonly string[];
}

export interface NoSuchSnapshot {
  readonly kind: 'no-such-snapshot';
  readonly dataset: string;
  readonly asked: string;
  /** What there is, oldest first. */
  readonly local: readonly string[];
}

export interface NoSuchBackup {
  readonly kind: 'no-such-backup';
  readonly dataset: string;
  readonly asked: string;
  /** What there is, oldest first. */
  readonly stored: readonly string[];
}

/** A name was given without the prefix, and several have it. */
export interface AmbiguousName {
  readonly kind: 'ambiguous-name';
  readonly what: 'snapshot' | 'backup';
  readonly dataset: string;
  readonly asked: string;
  readonly candidates: readonly string[];
}

/** `other/dataset@name` was asked for. */
export interface OtherDataset {
  readonly kind: 'other-dataset';
  readonly what: 'snapshot' | 'backup';
  readonly dataset: string;
  readonly asked: string;
}

/** No local snapshot up to the one asked for has a backup, so an incremental has nothing to build on. */
export interface NoCommonSnapshot {
  readonly kind: 'no-common-snapshot';
  readonly dataset: string;
  /** The snapshot that should have been backed up. */
  readonly target: string;
  /** Oldest first; empty when the store has no backup of the dataset. */
  readonly stored: readonly string[];
  /** Oldest first. */
  readonly local: readonly string[];
}

export interface BrokenChain {
  readonly kind: 'broken-chain';
  readonly dataset: string;
  /** The backup that was needed. */
  readonly snapshot: string;
  readonly health: Health;
  /** Where the chain breaks: the backup itself, or one that it descends from. */
  readonly culprit: LineageEntry;
}

/** Two snapshots of one name. */
export interface SameNameOtherSnapshot {
  readonly kind: 'same-name-other-snapshot';
  /** The dataset that holds the local snapshot. */
  readonly dataset: string;
  readonly local: Snapshot;
  readonly backup: Backup;
}

/** An incremental was asked for, and the chain was sent with other flags. */
export interface SendFlagsChanged {
  readonly kind: 'send-flags-changed';
  readonly dataset: string;
  /** The backup that it would have built on, by its name in the store. */
  readonly base: string;
  /** Half a sentence. */
  readonly why: string;
}

/** Backups are write-once. */
export interface BackupExists {
  readonly kind: 'backup-exists';
  readonly dataset: string;
  readonly entry: LineageEntry;
}

/** What a forced restore destroys in its target. */
export interface Losses {
  /** Newer than the snapshot to go on from, oldest first. */
  readonly snapshots: readonly Snapshot[];
  /** Newer ones than that, by their names after the `#`, but for our own. */
  readonly bookmarks?: readonly string[];
  /** Changed since the newest snapshot; `undefined` where the source cannot tell: perhaps much. */
  readonly writtenBytes: number | undefined;
  /** The target has no snapshot at all, so that the whole of it is replaced. */
  readonly everything: boolean;
}

export interface WouldLoseData {
  readonly kind: 'would-lose-data';
  readonly target: string;
  readonly snapshot: string;
  /** The snapshot that the target would go back to; `undefined` when it has none. */
  readonly base: Snapshot | undefined;
  readonly losses: Losses;
}

/** The target has snapshots, but none of the chain: a full stream cannot be received over them. */
export interface TargetConflict {
  readonly kind: 'target-conflict';
  readonly target: string;
  /** Whether the target is the dataset that was backed up. */
  readonly original: boolean;
  readonly snapshot: string;
  /** Oldest first. */
  readonly present: readonly string[];
}

/** No backup that can be restored is that old, or there is none at all. */
export interface NothingToChoose {
  readonly kind: 'nothing-to-choose';
  readonly dataset: string;
  /** Up to when; `undefined` for any time. */
  readonly before: Date | undefined;
  /** The oldest that can be restored. */
  readonly oldest: { readonly snapshot: string; readonly time: Date } | undefined;
  /** How many backups there are that cannot be restored. */
  readonly broken: number;
}

/** The target holds what an interrupted receive of something else left. */
export interface PartialInTheWay {
  readonly kind: 'partial-in-the-way';
  readonly target: string;
  readonly partial: PartialReceive;
  /** What should be received. */
  readonly snapshot: string;
}

export type BackupConflict =
  | NoSnapshotWithPrefix
  | NoSuchSnapshot
  | AmbiguousName
  | OtherDataset
  | NoCommonSnapshot
  | BrokenChain
  | SameNameOtherSnapshot
  | SendFlagsChanged
  | BackupExists;

export type RestoreConflict =
  | NoSuchBackup
  | AmbiguousName
  | OtherDataset
  | BrokenChain
  | SameNameOtherSnapshot
  | WouldLoseData
  | TargetConflict
  | NothingToChoose
  | PartialInTheWay;

export type Conflict = BackupConflict | RestoreConflict;
