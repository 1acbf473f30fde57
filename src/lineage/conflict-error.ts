import { type ErrorCode, Zfs3BackupError } from '../errors.ts';
import type { LineageEntry } from './backup.ts';
import type {
  BrokenChain,
  Conflict,
  Losses,
  NoCommonSnapshot,
  NothingToChoose,
  PartialInTheWay,
  WouldLoseData,
} from './conflicts.ts';
import { nearestNames } from './resolve-name.ts';
import type { Snapshot } from './snapshot.ts';

interface Rendered {
  readonly code: ErrorCode;
  readonly message: string;
  readonly advice: string;
}

const LISTED = 10;

/** A planner's refusal; `conflict` holds the facts. */
export class PlanConflictError extends Zfs3BackupError {
  override readonly name = 'PlanConflictError';
  readonly conflict: Conflict;

  constructor(conflict: Conflict, { code, message, advice }: Rendered) {
    super(code, message, { advice });
    this.conflict = conflict;
  }
}

/** The error that a verb throws for a conflict: what is the matter, and what to do about it. */
export function conflictError(conflict: Conflict): PlanConflictError {
  return new PlanConflictError(conflict, render(conflict));
}

function render(conflict: Conflict): Rendered {
  switch (conflict.kind) {
    case 'no-snapshot-with-prefix': {
      const { dataset, snapshotPrefix, local } = conflict;
      if (local.length === 0) return renderNoSnapshots(dataset, snapshotPrefix);
      return {
        code: 'NO_SUCH_SNAPSHOT',
        message: `No snapshot with the prefix ${snapshotPrefix} on ${dataset}; the dataset has these: ${listNames(local)}`,
        advice:
          'Set SNAPSHOT_PREFIX (--snapshot-prefix) to how the names begin, or name one with --snapshot.',
      };
    }
    case 'no-such-snapshot': {
      const { dataset, asked, local } = conflict;
      return {
        code: 'NO_SUCH_SNAPSHOT',
        message: `${dataset} has no snapshot ${quote(asked)}`,
        advice: nearest(asked, local, 'Take one first: the dataset has none.'),
      };
    }
    case 'no-such-backup': {
      const { dataset, asked, stored } = conflict;
      return {
        code: 'NO_SUCH_BACKUP',
        message: `The store has no backup ${quote(asked)} of ${dataset}`,
        advice: nearest(
          asked,
          stored,
          'It has none of this dataset at all: `zfs3backup status` lists what it has.',
        ),
      };
    }
    case 'ambiguous-name':
      return {
        code: conflict.what === 'backup' ? 'NO_SUCH_BACKUP' : 'NO_SUCH_SNAPSHOT',
        message: `${quote(conflict.asked)} may mean several of ${conflict.dataset}: ${listNames(conflict.candidates)}`,
        advice: 'Give the whole name.',
      };
    case 'other-dataset':
      return {
        code: conflict.what === 'backup' ? 'NO_SUCH_BACKUP' : 'NO_SUCH_SNAPSHOT',
        message: `${quote(conflict.asked)} is not of the dataset ${conflict.dataset}`,
        advice: 'Choose the dataset with --dataset; after the "@" comes the name alone.',
      };
    case 'no-common-snapshot':
      return renderNoCommon(conflict);
    case 'broken-chain':
      return renderBroken(conflict);
    case 'same-name-other-snapshot': {
      const { dataset, local, backup } = conflict;
      return {
        code: 'SNAPSHOT_CONFLICT',
        message: `Same name, another snapshot: ${dataset}@${local.name} has the guid ${local.guid}, ${backup.key} has ${backup.guid ?? 'none'}`,
        advice: `Nothing is overwritten. Rename the local one: zfs rename '${dataset}@${local.name}' '${dataset}@${local.name}-2'.`,
      };
    }
    case 'send-flags-changed': {
      const { dataset, base, why } = conflict;
      return {
        code: 'NO_COMMON_SNAPSHOT',
        message: `No incremental can go on from ${dataset}@${base}: ${why}`,
        advice:
          'Flags are pinned to a chain, for streams of different ones are received wrongly or not at all. Give the former ones (SEND_FLAGS, RAW), or start a new chain: leave out --incremental, or add --full instead.',
      };
    }
    case 'backup-exists':
      return {
        code: 'BACKUP_EXISTS',
        message: `${conflict.entry.backup.key} exists already as an incremental (${conflict.entry.health}); nothing is overwritten`,
        advice: 'Take a new snapshot and run this again, or name another one with --snapshot.',
      };
    case 'would-lose-data':
      return renderLosses(conflict);
    case 'nothing-to-choose':
      return renderNothing(conflict);
    case 'partial-in-the-way':
      return renderPartial(conflict);
    case 'target-conflict': {
      const { target, original, snapshot, present } = conflict;
      const other = original ? '--to DATASET' : '--to with another dataset';
      return {
        code: 'TARGET_CONFLICT',
        message: `${target} has snapshots, but none that ${snapshot} builds on: ${listNames(present)}`,
        advice: `ZFS receives no full stream over a dataset with snapshots, forced or not. Restore with ${other}, or rename ${target} first: zfs rename '${target}' '${target}-old'.`,
      };
    }
  }
}

function renderNoSnapshots(dataset: string, snapshotPrefix: string): Rendered {
  const name = `${dataset}@${snapshotPrefix === '' ? 'first' : `${snapshotPrefix}-1`}`;
  return {
    code: 'NO_SUCH_SNAPSHOT',
    message: `${dataset} has no snapshot`,
    advice: `Take one: zfs snapshot '${name}'.`,
  };
}

function renderNoCommon({ dataset, target, stored, local }: NoCommonSnapshot): Rendered {
  const advice =
    '--full starts a new chain: run the same command with it, and without --incremental where that was given.';
  const code = 'NO_COMMON_SNAPSHOT';
  if (stored.length === 0) {
    return { code, message: `The store has no backup of ${dataset} to build an incremental on`, advice };
  }
  const range =
    local.length > 1 ? `${local[0]} to ${local.at(-1)} (${local.length} snapshots)` : `only ${local[0]}`;
  return {
    code,
    message: `No snapshot of ${dataset} up to ${target} has a backup to build on: the newest backup is ${stored.at(-1)}, the dataset has ${range}`,
    advice,
  };
}

function renderBroken({ dataset, snapshot, health, culprit }: BrokenChain): Rendered {
  const where = culprit.backup.snapshot === snapshot ? '' : `; it breaks at ${culprit.backup.snapshot}`;
  return {
    code: 'BROKEN_CHAIN',
    message: `The backup ${dataset}@${snapshot} cannot be restored: ${health}${where}${whyBroken(culprit)}`,
    advice:
      '`zfs3backup status` shows the chain. To back up: `backup --full` starts a new chain (with a snapshot that the store does not have yet). To restore: choose a backup whose health is ok.',
  };
}

function whyBroken({ backup, health }: LineageEntry): string {
  if (health === 'cycle detected') return ', which descends from itself';
  if (backup.parent === undefined) return ', whose metadata does not say what it builds on';
  return `, whose parent ${backup.parent} is not in the store`;
}

function renderLosses({ target, snapshot, base, losses }: WouldLoseData): Rendered {
  const back = base ? `${target} would go back to ${base.name}` : `${target} exists`;
  return {
    code: 'WOULD_LOSE_DATA',
    message: `${back}; restoring ${snapshot} would destroy ${lossSentences(target, base, losses).join(', ')}`,
    advice:
      'Restore beside it with --to another dataset, or add --force if all of that may go (--dry-run --force shows the plan).',
  };
}

function renderNothing({ dataset, before, oldest, broken }: NothingToChoose): Rendered {
  const others = broken === 0 ? '' : `; ${broken} cannot be restored`;
  const until = before === undefined ? '' : ` from before ${before.toISOString()}`;
  const first = oldest && `The oldest is ${oldest.snapshot}, of ${oldest.time.toISOString()}.`;
  return {
    code: 'NO_SUCH_BACKUP',
    message: `The store has no backup of ${dataset}${until} that can be restored${others}`,
    advice: first ?? '`zfs3backup status` lists what it has.',
  };
}

function renderPartial({ target, partial, snapshot }: PartialInTheWay): Rendered {
  const what = partial.name === undefined ? 'another snapshot' : quote(partial.name);
  const beside = partial.isAll
    ? `${target} is nothing but that, and goes with it.`
    : `The rest of ${target} stays as it is.`;
  return {
    code: 'TARGET_CONFLICT',
    message: `${target} holds what an interrupted receive of ${what} left (${partial.bytes} bytes of stream), and ${snapshot} cannot go on from there`,
    advice: `Go on with the other one first, restore with --to another dataset, or drop what it left with --abort-partial. ${beside}`,
  };
}

/** What is lost of a target that goes back to `base` (or, without one, is replaced), one phrase each. */
export function lossSentences(target: string, base: Snapshot | undefined, losses: Losses): readonly string[] {
  const { snapshots, bookmarks = [], writtenBytes, everything } = losses;
  if (everything)
    return [`all that is in ${target}${writtenBytes ? ` (${writtenBytes} bytes written)` : ''}`];
  return [
    ...snapshots.map(({ name }) => `the snapshot ${target}@${name}`),
    ...bookmarks.map((name) => `the bookmark ${target}#${name}`),
    ...writtenSentences(target, base, writtenBytes),
  ];
}

// What is not known is no less lost: whoever agrees must have read of it.
function writtenSentences(target: string, base: Snapshot | undefined, bytes: number | undefined) {
  if (bytes === undefined)
    return [`whatever was written to ${target} since @${base?.name ?? ''} (this ZFS cannot tell)`];
  return bytes > 0 ? [`${bytes} bytes written since the newest snapshot`] : [];
}

/** The newest of a list that is oldest first. */
function listNames(names: readonly string[]): string {
  const older = names.length - LISTED;
  return names.slice(-LISTED).join(', ') + (older > 0 ? ` and ${older} older` : '');
}

function nearest(asked: string, names: readonly string[], none: string): string {
  return names.length === 0 ? none : `Perhaps one of these: ${nearestNames(asked, names).join(', ')}.`;
}

// What a person typed may hold anything; JSON's escapes keep it on one line.
function quote(text: string): string {
  return JSON.stringify(text);
}
