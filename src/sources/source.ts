/** The one seam to what is backed up. `zfs/` implements it; btrfs, tar or any command may later. */

import type { MarkStep, Marks } from '../lineage/marks.ts';
import type { PartialReceive } from '../lineage/partial-receive.ts';
import type { Snapshot } from '../lineage/snapshot.ts';
import type { SourceFacts } from './source-facts.ts';

export type { MarkStep, Marks } from '../lineage/marks.ts';
export type { PartialReceive } from '../lineage/partial-receive.ts';
export type { Snapshot } from '../lineage/snapshot.ts';

/** One stream to make: of `snapshot`, as the difference to `parent` where there is one (names after the `@`). */
export interface SendStep {
  readonly dataset: string;
  readonly snapshot: string;
  readonly parent?: string;
  /** The parent is gone but for a bookmark; `parent` is the name after the `#`. */
  readonly isFromBookmark?: boolean;
  /** Further flags of the producer, one argument each, such as `-c`. */
  readonly sendFlags?: readonly string[];
}

export interface ReceiveStep {
  /** The dataset that receives. */
  readonly target: string;
  readonly snapshot: string;
  /** The target's snapshot that the stream builds on; none for a full stream. */
  readonly base?: string;
  /** Roll the target back to `base`, destroying what is newer. */
  readonly force: boolean;
  /** Mount what arrives; without it the result stays unmounted where the source can do that (`-u`). */
  readonly mount: boolean;
  /** Only looks whether the stream would be taken (`-n`): nothing changes. */
  readonly rehearse?: boolean;
  /** The stream is of several datasets and names the snapshots that it becomes by itself. */
  readonly isReplication?: boolean;
  /** Keep what arrived when the stream breaks off, where the source can (`-s`). */
  readonly resumable?: boolean;
  /** Go on with what is there; the stream is the whole one all the same. */
  readonly continues?: PartialReceive;
  /** Properties to set on what arrives, `NAME=VALUE` each (`-o`). */
  readonly properties?: readonly string[];
  /** Properties to leave out of what the stream brings (`-x`). */
  readonly withoutProperties?: readonly string[];
  /** Leave out where the stream says it is mounted and shared: it arrives elsewhere than it stood. */
  readonly withoutPlace?: boolean;
}

export interface SourceOptions {
  readonly signal?: AbortSignal;
}

/** What is at a dataset on this machine. */
export interface DatasetState {
  /** In order of creation, oldest first. */
  readonly snapshots: readonly Snapshot[];
  /** Bytes changed since the newest snapshot; `undefined` where the source cannot tell. */
  readonly writtenBytes: number | undefined;
  /** Bookmarks and holds; absent where the source has no such thing. */
  readonly marks?: Marks;
  /** Whether its blocks are encrypted, so that they can leave as they are, without the key; absent is no. */
  readonly isEncrypted?: boolean;
  /** Datasets right below it, which a stream of it alone does not hold. */
  readonly children?: readonly string[];
  /** What an interrupted receive left. */
  readonly partial?: PartialReceive;
}

/**
 * Throws `ProcessFailedError` with the program's own words; code PROGRAM_MISSING when the source's programs are
 * not installed here (`status` and a restore's listing must still work then).
 */
export interface SnapshotSource {
  /** What its streams are, where they can be looked at on their way. */
  readonly streams?: 'zfs';
  /** `undefined` when the dataset does not exist here. */
  readDataset(dataset: string, options?: SourceOptions): Promise<DatasetState | undefined>;
  /** Expected stream bytes: a hint that may be low, or absent where the source cannot tell. Never throws for "cannot tell". */
  estimate(step: SendStep, options?: SourceOptions): Promise<number | undefined>;
  /**
   * The stream; throws when the producer failed, so that an end without an error is a whole stream. Its chunks may be
   * lent: what they hold changes when the next one is asked for.
   */
  send(step: SendStep, options?: SourceOptions): AsyncIterable<Uint8Array>;
  /**
   * Consumes a whole stream; resolves when the receiver exited with 0. Chunks are only lent: what they hold changes
   * when the next one is asked for. Throws NotContinuableError, the receiver untouched, where `continues` cannot be.
   */
  receive(step: ReceiveStep, stream: AsyncIterable<Uint8Array>, options?: SourceOptions): Promise<void>;
  /** The very command that `send` runs, for `--dry-run`; pure. */
  sendCommand(step: SendStep): readonly string[];
  /**
   * The very commands that `receive` runs, for `--dry-run`; the last one takes the stream. Pure once the source was
   * asked anything.
   */
  receiveCommands(step: ReceiveStep): readonly (readonly string[])[];
  /** Drops what an interrupted receive left at a dataset; where nothing else was there, the dataset with it. */
  dropPartial?(dataset: string, options?: SourceOptions): Promise<void>;
  /** The very command that `dropPartial` runs; pure. */
  dropPartialCommand?(dataset: string): readonly string[];
  /** What is left of a whole stream for a receiver that was interrupted; pure. Throws as `receive` does. */
  restOf?(stream: AsyncIterable<Uint8Array>, token: string): AsyncIterable<Uint8Array>;
  /** Of a snapshot that is there, decimal; `undefined` when it is not. */
  readGuid?(dataset: string, snapshot: string, options?: SourceOptions): Promise<string | undefined>;
  /**
   * Destroys a dataset below a pool with its snapshots and what is below it; one that is gone is no error. Callers name
   * only what they made themselves. Absent where what was received cannot be taken away again.
   */
  destroy?(dataset: string, options?: SourceOptions): Promise<void>;
  /** Makes or removes a mark; a hold that is there already, and one that is gone, are no errors. Absent where there are no marks. */
  mark?(step: MarkStep, options?: SourceOptions): Promise<void>;
  /** The very command that `mark` runs; pure. */
  markCommand?(step: MarkStep): readonly string[];
  /** What it can do here, and what this user was allowed at these datasets. */
  describe?(datasets: readonly string[], options?: SourceOptions): Promise<SourceFacts>;
}
