import { StoreError } from '../errors.ts';
import type { Backup } from '../lineage/backup.ts';
import type { CallOptions, ObjectStore } from '../store/object-store.ts';

const DAY_MS = 24 * 3600 * 1000;

/** What a person should know before these are deleted, one sentence each. */
export async function readDeletionWarnings(
  store: ObjectStore,
  deletions: readonly Backup[],
  now: Date,
  call: CallOptions,
): Promise<readonly string[]> {
  if (deletions.length === 0) return [];
  return [...billedStill(store, deletions, now), ...(await keptStill(store, call))];
}

/** One for each storage class. */
function billedStill(store: ObjectStore, deletions: readonly Backup[], now: Date): readonly string[] {
  const until = new Map<string, Date[]>();
  for (const { storageClass, storedAt } of deletions) {
    const days = store.minBilledDays?.(storageClass) ?? 0;
    const end = new Date(storedAt.getTime() + days * DAY_MS);
    if (!(end > now)) continue;
    const what = `${storageClass ?? 'objects'} for at least ${days} days`;
    until.set(what, [...(until.get(what) ?? []), end]);
  }
  return [...until].map(([what, ends]) => {
    const last = new Date(Math.max(...ends.map((end) => end.getTime()))).toISOString().slice(0, 10);
    const count = ends.length === 1 ? '1 of them is' : `${ends.length} of them are`;
    return `${count} paid for all the same, the last one until ${last}: this store bills ${what}.`;
  });
}

async function keptStill({ versions }: ObjectStore, call: CallOptions): Promise<readonly string[]> {
  const state = await versions?.readState(call).catch((error: unknown) => {
    // Who may not ask may delete all the same, and some gateways have no such request.
    if (error instanceof StoreError) return undefined;
    throw error;
  });
  if (state === undefined || state === 'off') return [];
  return [
    'The bucket keeps versions: what is deleted takes space until a lifecycle rule expires it, and `zfs3backup undelete` brings it back until then.',
  ];
}
