import type { BackupRequest, UnmarkedPlan, UnmarkedStep } from './backup-plan.ts';
import type { CommonBase } from './common-base.ts';
import { firstFlags, NO_FLAGS, type SendFlags } from './pin-flags.ts';
import type { Snapshot } from './snapshot.ts';

/** With a full backup of the target, what is older left out. */
export function planFirst(request: BackupRequest, target: Snapshot, older: number): UnmarkedPlan {
  const { dataset } = request;
  const notes = [
    `The store has no backup of ${dataset} yet: starting with a full one of ${dataset}@${target.name}.`,
  ];
  if (older > 0) {
    notes.push(
      `${older} older ${older === 1 ? 'snapshot is' : 'snapshots are'} left out; --history sends them too.`,
    );
  }
  return startChain(request, [target], notes);
}

/** With a full backup of the oldest, the others on top of it. */
export function planHistory(request: BackupRequest, wanted: readonly Snapshot[]): UnmarkedPlan {
  const { dataset } = request;
  const oldest = wanted[0]?.name;
  const note = `The store has no backup of ${dataset} yet: starting with a full one of the oldest snapshot, ${dataset}@${oldest}.`;
  return startChain(request, wanted, [note]);
}

/** The first one full, the others on top of it. */
export function startChain(
  { dataset, flags = NO_FLAGS }: BackupRequest,
  wanted: readonly Snapshot[],
  notes: readonly string[],
): UnmarkedPlan {
  const first = firstFlags(flags);
  const raw = `${dataset} is encrypted: it is sent as it is on disk (-w), so that backup and store need no key; RAW=off sends what is in it.`;
  const steps = link(dataset, wanted, first);
  return { kind: 'plan', steps, notes: first.isRawByDefault ? [...notes, raw] : notes };
}

/** Each on the one before it; the first on the base, or as a full where there is none. */
export function link(
  dataset: string,
  wanted: readonly Snapshot[],
  flags: SendFlags,
  base?: CommonBase,
): readonly UnmarkedStep[] {
  return wanted.map((snapshot, index) => {
    const parent = index === 0 ? base?.local : wanted[index - 1];
    const parentName = index === 0 ? base?.entry.backup.snapshot : parent?.name;
    return { kind: parent ? 'incremental' : 'full', dataset, snapshot, parent, parentName, flags };
  });
}
