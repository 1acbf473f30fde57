import type { Lineage } from './backup.ts';
import type { MarkStep, Marks } from './marks.ts';
import type { FlagRequest, SendFlags } from './pin-flags.ts';
import type { MarkSettings } from './plan-marks.ts';
import type { Bookmark, Snapshot } from './snapshot.ts';

/** What is asked of `planBackup`, and what it answers. */

export interface BackupRequest {
  readonly dataset: string;
  /** All that the dataset has, whatever their names. */
  readonly snapshots: readonly Snapshot[];
  readonly lineage: Lineage;
  /** Selects what is sent by default; empty selects everything. */
  readonly snapshotPrefix: string;
  /** `auto`: incrementals, or a full when the store has nothing yet or the send flags changed. */
  readonly mode: 'auto' | 'full' | 'incremental';
  /** When the store has nothing yet: begin with the oldest matching snapshot, not with the target. */
  readonly history?: boolean | undefined;
  /** The snapshot to back up, as a person wrote it; by default the newest one with the prefix. */
  readonly target?: string | undefined;
  /** Without it: no flags, and the dataset is not encrypted. */
  readonly flags?: FlagRequest | undefined;
  /** What is there of bookmarks and holds. */
  readonly marks?: Marks | undefined;
  /** Which of them to leave; none without it. */
  readonly markSettings?: MarkSettings | undefined;
}

/** One object to be made. */
export interface BackupStep {
  readonly kind: 'full' | 'incremental';
  readonly dataset: string;
  readonly snapshot: Snapshot;
  /** What to send from: the local snapshot, or the bookmark that is left of it. */
  readonly parent: Snapshot | Bookmark | undefined;
  /** What the parent is called in the store, which its metadata must say: another name after a local rename. */
  readonly parentName: string | undefined;
  readonly flags: SendFlags;
  /** What to do once it is stored, so that the next incremental has something to build on. */
  readonly after: readonly MarkStep[];
}

export interface BackupPlan {
  readonly kind: 'plan';
  readonly dataset: string;
  /** Marks to make good before anything else, where an earlier run died before it left them. */
  readonly before: readonly MarkStep[];
  /** Oldest first; empty when there is nothing to do. */
  readonly steps: readonly BackupStep[];
  /** Sentences for the person who asked. */
  readonly notes: readonly string[];
  /** Those of them that tell of something wrong: for who hears nothing of what goes well, too. */
  readonly warnings?: readonly string[];
}

/** A plan before marks are thought of. */
export interface UnmarkedPlan extends Pick<BackupPlan, 'kind' | 'notes' | 'warnings'> {
  readonly steps: readonly UnmarkedStep[];
}

export type UnmarkedStep = Omit<BackupStep, 'after'>;
