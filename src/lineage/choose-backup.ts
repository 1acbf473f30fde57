import type { Lineage, LineageEntry } from './backup.ts';
import type { RestoreConflict } from './conflicts.ts';
import { entriesByName } from './parents.ts';
import { resolveName } from './resolve-name.ts';

/** Which backup is meant. */
export type BackupChoice =
  /** As a person wrote it. */
  | { readonly by: 'name'; readonly name: string }
  /** The newest that can be restored. */
  | { readonly by: 'latest' }
  /** The newest that can be restored of those whose snapshot was taken at that time or before. */
  | { readonly by: 'before'; readonly time: Date };

/** A bare text is a name. */
export function choiceOf(wanted: string | BackupChoice): BackupChoice {
  return typeof wanted === 'string' ? { by: 'name', name: wanted } : wanted;
}

export interface ChoiceQuestion {
  readonly lineage: Lineage;
  readonly choice: BackupChoice;
  readonly snapshotPrefix: string;
  /** When snapshots were taken, by guid, as far as this machine knows. */
  readonly takenAt: ReadonlyMap<string, Date>;
}

export interface ChosenBackup {
  readonly kind: 'chosen';
  readonly entry: LineageEntry;
  readonly notes: readonly string[];
  /** Those of them that tell of something wrong. */
  readonly warnings?: readonly string[];
}

export function chooseBackup(question: ChoiceQuestion): ChosenBackup | RestoreConflict {
  const { choice } = question;
  if (choice.by === 'name') return chooseByName(question, choice.name);
  return chooseNewest(question, choice.by === 'before' ? choice.time : undefined);
}

function chooseByName(
  { lineage, snapshotPrefix }: ChoiceQuestion,
  asked: string,
): ChosenBackup | RestoreConflict {
  const { dataset } = lineage;
  const entries = entriesByName(lineage);
  const names = [...entries.keys()];
  const answer = resolveName({ what: 'backup', dataset, asked, snapshotPrefix, names });
  const entry = answer.kind === 'found' ? entries.get(answer.name) : undefined;
  if (entry) return { kind: 'chosen', entry, notes: [] };
  if (answer.kind === 'found' || answer.kind === 'unknown')
    return { kind: 'no-such-backup', dataset, asked, stored: names };
  return answer;
}

interface Dated {
  readonly entry: LineageEntry;
  readonly time: Date;
  /** Nobody knows when the snapshot was taken: the time is when it was stored. */
  readonly isStored: boolean;
}

function chooseNewest(
  { lineage, takenAt }: ChoiceQuestion,
  before: Date | undefined,
): ChosenBackup | RestoreConflict {
  const dated = lineage.entries.map((entry): Dated => {
    const { guid, snapshotCreatedAt, storedAt } = entry.backup;
    const time = snapshotCreatedAt ?? (guid === undefined ? undefined : takenAt.get(guid));
    return { entry, time: time ?? storedAt, isStored: time === undefined };
  });
  // sorted stably: where times are equal, parents stay before what builds on them
  const sorted = dated.toSorted((a, b) => a.time.getTime() - b.time.getTime());
  const old = before === undefined ? sorted : sorted.filter(({ time }) => time.getTime() <= before.getTime());
  const chosen = old.findLast(({ entry }) => entry.health === 'ok');
  if (chosen) return { kind: 'chosen', entry: chosen.entry, ...sayChosen(chosen, old) };
  const oldest = sorted.find(({ entry }) => entry.health === 'ok');
  return {
    kind: 'nothing-to-choose',
    dataset: lineage.dataset,
    before,
    oldest: oldest && { snapshot: oldest.entry.backup.snapshot, time: oldest.time },
    broken: old.filter(({ entry }) => entry.health !== 'ok').length,
  };
}

function sayChosen({ entry, time, isStored }: Dated, considered: readonly Dated[]) {
  const { snapshot } = entry.backup;
  const newer = considered.slice(considered.findIndex((dated) => dated.entry === entry) + 1);
  const when = isStored ? 'stored' : 'taken';
  const warnings = newer.map(
    (dated) => `${dated.entry.backup.snapshot} is newer and was passed over: ${dated.entry.health}.`,
  );
  return { notes: [`${snapshot} was chosen: ${when} at ${time.toISOString()}.`, ...warnings], warnings };
}
