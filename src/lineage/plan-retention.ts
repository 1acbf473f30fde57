import type { Backup, Lineage, LineageEntry } from './backup.ts';
import { type DeletionPlan, identityOf, type Keeps, keep, listDeletions } from './deletions.ts';
import { doubtsOf } from './doubts.ts';
import { matchBookmark, matchStored } from './match.ts';
import { type PeriodRule, type RetentionRules, secondsOf, wordsOfRule } from './retention.ts';
import { type Bookmark, inCreationOrder, isBookmark, type Snapshot } from './snapshot.ts';

export interface RetentionRequest {
  readonly lineage: Lineage;
  readonly rules: RetentionRules;
  readonly now: Date;
  /** What this machine has of the dataset, that an incremental could build on; empty where it has nothing. */
  readonly local: readonly (Snapshot | Bookmark)[];
  /** Why backups stay besides, by the name of their snapshot. */
  readonly held: ReadonlyMap<string, string>;
  /** Only these may go (see `identityOf`); without it, all that the rules give up. */
  readonly agreed?: ReadonlySet<string> | undefined;
}

/** A backup that can be restored, and when its snapshot was taken, as far as the store knows. */
interface Aged {
  readonly entry: LineageEntry;
  /** Seconds since 1970; `undefined` where a store garbled it. */
  readonly takenAt: number | undefined;
}

/**
 * Which backups stay and which go. Rules choose among those that can be restored: one that is broken, or not what was
 * recorded, takes nobody's place and stays until it is deleted by name. The newest that can be restored stays whatever the rules say, and so does
 * what the next incremental will build on.
 */
export function planRetention(request: RetentionRequest): DeletionPlan {
  const { lineage, rules, now, held, agreed } = request;
  const keeps: Keeps = new Map();
  const doubts = doubtsOf(lineage);
  const aged = byAge(lineage, doubts);
  keepNewest(keeps, aged, rules.newest);
  keepOnePerPeriod(keeps, aged, rules.periods, now.getTime() / 1000);
  for (const { entry, takenAt } of aged)
    if (takenAt === undefined) keep(keeps, entry, 'nobody knows how old it is');
  const anchor = nextAnchor(request, doubts);
  if (anchor) keep(keeps, anchor, 'the next incremental builds on it');
  for (const entry of lineage.entries) {
    const { health, backup } = entry;
    const doubt = health === 'ok' ? doubts.get(entry) : health;
    if (doubt !== undefined) keep(keeps, entry, `${doubt}: only deleted by name`);
    const reason = held.get(backup.snapshot);
    if (reason !== undefined) keep(keeps, entry, reason);
    if (agreed && !agreed.has(identityOf(backup)) && !keeps.has(backup.snapshot)) {
      keep(keeps, entry, 'not in the list that was agreed on');
    }
  }
  return listDeletions(lineage, keeps, `no rule of ${rules.text} keeps it`);
}

/** Before every date that there is: nothing that tells no time may count as the newest. */
const UNDATED = -1;

/** Oldest first. */
function byAge(lineage: Lineage, doubts: ReadonlyMap<LineageEntry, string>): readonly Aged[] {
  return lineage.entries
    .filter((entry) => entry.health === 'ok' && !doubts.has(entry))
    .map((entry) => ({ entry, takenAt: takenAt(entry.backup) }))
    .sort((a, b) => (a.takenAt ?? UNDATED) - (b.takenAt ?? UNDATED));
}

function takenAt({ snapshotCreatedAt, storedAt }: Backup): number | undefined {
  const seconds = (snapshotCreatedAt ?? storedAt).getTime() / 1000;
  return seconds >= 0 ? Math.floor(seconds) : undefined;
}

function keepNewest(keeps: Keeps, aged: readonly Aged[], count: number): void {
  const last = aged.at(-1);
  if (last && count === 0) keep(keeps, last.entry, 'newest that can be restored');
  for (const { entry } of count === 0 ? [] : aged.slice(-count)) keep(keeps, entry, `newest ${count}`);
}

/** The oldest of each period; rules of one period share its places, as they do at zfs-autobackup. */
function keepOnePerPeriod(
  keeps: Keeps,
  aged: readonly Aged[],
  periods: readonly PeriodRule[],
  now: number,
): void {
  const taken = new Set<string>();
  for (const { entry, takenAt } of aged) {
    if (takenAt === undefined) continue;
    for (const rule of periods) {
      const period = secondsOf(rule.every);
      const place = Math.floor(takenAt / period);
      if (now - takenAt > secondsOf(rule.during) || taken.has(`${period} ${place}`)) continue;
      taken.add(`${period} ${place}`);
      keep(keeps, entry, `${wordsOfRule(rule)}: ${nameOfPlace(place * period, period)}`);
    }
  }
}

const DAY = 24 * 3600;

/** When it begins, as exactly as it takes. */
function nameOfPlace(seconds: number, period: number): string {
  const iso = new Date(seconds * 1000).toISOString();
  if (period >= DAY) return iso.slice(0, 10);
  return `${iso.slice(0, period >= 60 ? 16 : 19).replace('T', ' ')} UTC`;
}

/** The backup of the newest snapshot or bookmark that both sides have. */
function nextAnchor(
  { lineage, local }: RetentionRequest,
  doubts: ReadonlyMap<LineageEntry, string>,
): LineageEntry | undefined {
  const snapshotOf = matchStored(lineage);
  const bookmarkOf = matchBookmark(lineage);
  for (const one of inCreationOrder(local).toReversed()) {
    const match = isBookmark(one) ? undefined : snapshotOf(one);
    const entry = isBookmark(one) ? bookmarkOf(one) : match?.kind === 'same' ? match.entry : undefined;
    if (entry?.health === 'ok' && !doubts.has(entry)) return entry;
  }
  return undefined;
}
