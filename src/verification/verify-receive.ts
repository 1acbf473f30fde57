import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { Zfs3BackupError } from '../errors.ts';
import type { Backup, LineageEntry } from '../lineage/backup.ts';
import type { VerifyItem, VerifyPlan } from '../lineage/plan-verify.ts';
import { isReplication } from '../lineage/send-flags.ts';
import type { Finding } from '../lineage/verdicts.ts';
import type { Logger } from '../logger.ts';
import type { ReceiveStep, SnapshotSource } from '../sources/source.ts';

type Stream = AsyncIterable<Uint8Array>;
type Call = { readonly signal: AbortSignal };

/** One way to let ZFS judge streams. */
export interface Receiver {
  /** Why an item cannot be received; `undefined`: it can. */
  obstacle(item: VerifyItem, call: Call): Promise<string | undefined>;
  receive(item: VerifyItem, stream: Stream, call: Call): Promise<void>;
  /** What arrived, against the guid that its stream told. */
  check(item: VerifyItem, guid: string | undefined, call: Call): Promise<readonly Finding[]>;
  /** What it proves less than a restore would. */
  readonly note: string | undefined;
  /** Destroys what was received, also after a failure or an interrupt. Throws where that could not be done. */
  close(): Promise<void>;
}

export interface ReceiverOptions {
  readonly source: SnapshotSource;
  readonly logger: Logger;
  /** A dataset that is there, for what is received. */
  readonly scratch: string;
  /** Tells this run from all others. */
  readonly run: string;
}

const CLOSE_MS = 120_000;
/** A receiver that was just ended keeps its dataset busy for a moment. */
const ATTEMPTS = 20;
const BETWEEN_MS = 500;

/**
 * Receives into a dataset of its own below `scratch`, one for each chain, and destroys it when the next chain begins.
 * Nothing else is ever destroyed or changed.
 */
export function createScratchReceiver({ source, logger, scratch, run }: ReceiverOptions): Receiver {
  const received = new Set<LineageEntry>();
  let chains = 0;
  let current: { readonly target: string; newest: Backup | undefined } | undefined;

  async function startChain(call: Call): Promise<{ readonly target: string; newest: Backup | undefined }> {
    await destroyCurrent();
    chains += 1;
    const target = `${scratch}/zfs3backup-verify-${run}-${chains}`;
    // Not ours: it must stay as it is.
    if ((await source.readDataset(target, call)) !== undefined)
      throw new Zfs3BackupError('TARGET_CONFLICT', `${target} exists already, and is not this run's`, {
        advice: 'Run it again: each run takes a name of its own.',
      });
    current = { target, newest: undefined };
    return current;
  }

  async function destroyCurrent(): Promise<void> {
    if (current === undefined) return;
    const { target } = current;
    await destroyPatiently(source, target, logger);
    current = undefined;
  }

  return {
    note: undefined,
    obstacle: async ({ entry, parent }) =>
      entry.backup.kind === 'full' || (parent && received.has(parent))
        ? undefined
        : 'it was not received, because what it builds on was not',
    async receive({ entry, parent }, stream, call) {
      const { backup } = entry;
      const chain = backup.kind === 'full' ? await startChain(call) : current;
      if (chain === undefined) throw new TypeError(`${backup.key} comes before what it builds on`);
      const step: ReceiveStep = {
        target: chain.target,
        isReplication: isReplication(backup.sendFlags),
        snapshot: backup.snapshot,
        ...(parent ? { base: parent.backup.snapshot } : {}),
        // Back to where the chain branches: what goes was received by this run.
        force: parent !== undefined && chain.newest !== parent.backup,
        mount: false,
        // A mount point that the stream brings along would be taken at the next start of the machine.
        withoutPlace: true,
      };
      await source.receive(step, stream, call);
      chain.newest = backup;
      received.add(entry);
    },
    async check({ entry: { backup } }, guid, call) {
      const state = current && (await source.readDataset(current.target, call));
      const snapshot = state?.snapshots.find(({ name }) => name === backup.snapshot);
      const wanted = backup.guid ?? guid;
      if (snapshot === undefined)
        return [{ kind: 'receive', message: `ZFS took ${backup.key}, and no snapshot came of it` }];
      if (wanted === undefined || snapshot.guid === wanted) return [];
      const message = `ZFS made a snapshot with the guid ${snapshot.guid} of ${backup.key}, and ${wanted} was backed up`;
      return [{ kind: 'identity', message }];
    },
    close: destroyCurrent,
  };
}

/** Not by the run's own signal: what was interrupted is cleaned up as well. */
async function destroyPatiently(source: SnapshotSource, target: string, logger: Logger): Promise<void> {
  const signal = AbortSignal.timeout(CLOSE_MS);
  for (let attempt = 1; ; attempt += 1) {
    try {
      await source.destroy?.(target, { signal });
      logger.debug({ target }, `destroyed ${target}`);
      return;
    } catch (cause) {
      if (attempt < ATTEMPTS && !signal.aborted) {
        await wait(BETWEEN_MS);
        continue;
      }
      throw new Zfs3BackupError('SOURCE_FAILED', `${target} could not be destroyed: ${String(cause)}`, {
        advice: `It holds only what was received for this check: destroy it with \`zfs destroy -r '${target}'\`.`,
        cause,
      });
    }
  }
}

/** Lets ZFS look at streams without taking them (`zfs receive -n`), as if into a new dataset beside their own. */
export function createRehearsal({ source, run }: Pick<ReceiverOptions, 'source' | 'run'>): Receiver {
  return {
    note: '`zfs receive -n` follows the records of a stream and compares no checksum: only --scratch proves more than level 2',
    async obstacle({ entry: { backup } }, call) {
      if (backup.kind === 'incremental')
        return 'an incremental cannot be received without a --scratch dataset';
      const above = besideOf(backup.dataset);
      if ((await source.readDataset(above, call)) !== undefined) return undefined;
      return `there is no ${above} here to receive into: name a dataset with --scratch`;
    },
    async receive({ entry: { backup } }, stream, call) {
      const target = `${besideOf(backup.dataset)}/zfs3backup-verify-${run}`;
      const step = {
        ...{ target, snapshot: backup.snapshot, isReplication: isReplication(backup.sendFlags) },
        ...{ force: false, mount: false, rehearse: true },
      };
      await source.receive(step, stream, call);
    },
    check: async () => [],
    close: async () => {},
  };
}

function besideOf(dataset: string): string {
  return dataset.includes('/') ? dataset.slice(0, dataset.lastIndexOf('/')) : dataset;
}

export interface OpenReceiverOptions {
  readonly source?: SnapshotSource;
  readonly scratch?: string;
  readonly signal?: AbortSignal;
  readonly logger: Logger;
}

/** What level 3 receives with; `undefined` where nothing is to be received. */
export async function openReceiver(
  { items }: VerifyPlan,
  { source, scratch, signal, logger }: OpenReceiverOptions,
): Promise<Receiver | undefined> {
  const received = items.filter(({ level }) => level === 3);
  if (received.length === 0) return undefined;
  if (source === undefined) throw new Zfs3BackupError('USAGE', 'Level 3 needs a source that can receive');
  const run = randomBytes(4).toString('hex');
  if (scratch === undefined) return createRehearsal({ source, run });
  if (source.destroy === undefined)
    throw new Zfs3BackupError('USAGE', 'What this source receives cannot be destroyed again: no --scratch');
  refuseBackedUp(scratch, received);
  if ((await source.readDataset(scratch, signal ? { signal } : {})) === undefined)
    throw new Zfs3BackupError('NO_SUCH_DATASET', `${scratch}: there is no such dataset to receive into`, {
      advice: `Create one that may be filled for a while: \`zfs create -o canmount=off '${scratch}'\`.`,
    });
  return createScratchReceiver({ source, logger, scratch, run });
}

/** What is received below a dataset would be sent with it by a recursive send. */
function refuseBackedUp(scratch: string, items: readonly VerifyItem[]): void {
  const datasets = items.map(({ entry }) => entry.backup.dataset);
  const above = datasets.find((dataset) => `${scratch}/`.startsWith(`${dataset}/`));
  if (above === undefined) return;
  throw new Zfs3BackupError('TARGET_CONFLICT', `${scratch} belongs to ${above}, which is backed up itself`, {
    advice: 'Name a dataset for --scratch that is no part of what is verified.',
  });
}
