import pLimit from 'p-limit';
import { Zfs3BackupError } from './errors.ts';
import type { Backup } from './lineage/backup.ts';
import { conflictError } from './lineage/conflict-error.ts';
import { chainTo } from './lineage/lineage.ts';
import { isReadable, mayBeArchived } from './reading/read-archived.ts';
import { type ChosenOptions, readChosen } from './reading/read-chosen.ts';
import type { CallOptions, ThawTier } from './store/object-store.ts';

export interface ThawOptions extends ChosenOptions {
  /** For how many days what is brought back stays readable. */
  readonly days: number;
  /** How fast, and how dear. */
  readonly tier: ThawTier;
  /** Only look. */
  readonly dryRun?: boolean;
}

export interface ThawedBackup {
  readonly backup: Backup;
  /** `readable` at once, or brought back already; `requested` now; `in progress` since before; `archived` in a dry run. */
  readonly state: 'readable' | 'requested' | 'in progress' | 'archived';
  /** Until when what was brought back stays. */
  readonly until: Date | undefined;
}

export interface ThawResult {
  readonly dataset: string;
  readonly snapshot: string;
  readonly store: string;
  readonly notes: readonly string[];
  /** The whole chain, oldest first. */
  readonly backups: readonly ThawedBackup[];
  /** All of them can be read now. */
  readonly isReady: boolean;
}

const REQUESTS_AT_ONCE = 16;

/**
 * Asks the store to bring back whatever of a snapshot's chain is archived, all at once, and tells how far each is.
 * Needs no ZFS on this machine. Fails with STORE_FAILED where the store has no such thing and something is archived.
 */
export async function thaw(options: ThawOptions): Promise<ThawResult> {
  const { store, dataset } = options;
  const call = options.signal ? { signal: options.signal } : {};
  const chosen = await readChosen(options);
  const name = chosen.entry.backup.snapshot;
  const chain = chainTo(chosen.lineage, name);
  if (chain.kind !== 'chain') throw conflictError(chain);
  const limit = pLimit(REQUESTS_AT_ONCE);
  const backups = await Promise.all(
    chain.backups.map((backup) => limit(() => thawBackup(backup, options, call))),
  );
  const isReady = backups.every(({ state }) => state === 'readable');
  return { dataset, snapshot: name, store: store.url, notes: chosen.notes, backups, isReady };
}

async function thawBackup(
  backup: Backup,
  { store, days, tier, dryRun }: ThawOptions,
  call: CallOptions,
): Promise<ThawedBackup> {
  const readable = { backup, state: 'readable', until: undefined } as const;
  if (!mayBeArchived(backup)) return readable;
  const info = await store.head(backup.key, call);
  if (info === undefined || (await isReadable(store, info, call)))
    return { ...readable, until: info?.thaw?.state === 'ready' ? info.thaw.until : undefined };
  if (info.thaw?.state === 'in progress') return { ...readable, state: 'in progress' };
  if (dryRun) return { ...readable, state: 'archived' };
  if (!store.thaw)
    throw new Zfs3BackupError('STORE_FAILED', `${store.url} cannot be asked to bring ${backup.key} back`, {
      advice: 'Bring it back with the tools of the provider, then restore.',
    });
  return {
    ...readable,
    state: await store.thaw(backup.key, { ...call, days, tier, storageClass: backup.storageClass }),
  };
}
