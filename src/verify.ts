import { Zfs3BackupError } from './errors.ts';
import type { FilterRegistry } from './filters/registry.ts';
import { conflictError } from './lineage/conflict-error.ts';
import { backupKey, parseBackupName } from './lineage/key.ts';
import { type LostBackup, planVerify, type VerifyLevel, type VerifyPlan } from './lineage/plan-verify.ts';
import type { Sample } from './lineage/sample.ts';
import type { Finding, NotVerified, Verdict } from './lineage/verdicts.ts';
import { silentLogger } from './logger.ts';
import type { FetchOptions } from './reading/fetch-options.ts';
import { type FoundBackups, readBackups } from './reading/read-backups.ts';
import { groupByDataset } from './reading/read-lineage.ts';
import type { SnapshotSource } from './sources/source.ts';
import { type Summary, startSummary } from './summary.ts';
import { checkBuffers } from './transfer/check-buffers.ts';
import { verifyItems } from './verification/verify-items.ts';
import { openReceiver } from './verification/verify-receive.ts';

const DAY_MS = 24 * 3600 * 1000;

export interface VerifyOptions extends FetchOptions {
  /** The built-in ones if not given. */
  readonly filters?: FilterRegistry | undefined;
  /** For level 3. */
  readonly source?: SnapshotSource;
  /** All datasets of the store if not given. */
  readonly dataset?: string;
  /** Names after the `@`, or `dataset@name`; with them all that they descend from. All backups if there are none. */
  readonly snapshots?: readonly string[];
  readonly snapshotPrefix?: string;
  /** 1 if not given: what listings tell. 2: every stored byte. 3: what ZFS makes of it. */
  readonly level?: VerifyLevel;
  /** Does what is above level 1 for a part of the backups only. Without a seed that of the day is taken. */
  readonly sample?: { readonly fraction: number; readonly seed?: number };
  /** Now. */
  readonly time?: Date;
  /** A dataset below which level 3 receives, into datasets of its own that it destroys. Without one ZFS only looks. */
  readonly scratch?: string;
}

export interface VerifyPlanReport {
  readonly store: string;
  readonly level: VerifyLevel;
  readonly sample: Sample | undefined;
  readonly plan: VerifyPlan;
}

export interface VerifiedBackup {
  readonly dataset: string;
  readonly snapshot: string;
  readonly key: string;
  readonly kind: 'full' | 'incremental' | undefined;
  readonly parent: string | undefined;
  readonly storedBytes: number;
  /** Whether a record told what was stored. */
  readonly isRecorded: boolean;
  /** How far it was looked at. */
  readonly level: VerifyLevel;
  readonly verdict: Verdict;
  /** Why it is not restorable although nothing is wrong with it. */
  readonly reason: string | undefined;
  readonly findings: readonly Finding[];
  /** What was not checked, and why. */
  readonly notes: readonly string[];
  /** Why it could not be looked at as far as was asked. */
  readonly notVerified: NotVerified | undefined;
}

export interface VerifyResult {
  readonly store: string;
  readonly level: VerifyLevel;
  readonly sample: Sample | undefined;
  /** Chain by chain, parents first; then those of which only a record is left. */
  readonly backups: readonly VerifiedBackup[];
  /** What the whole of it does not prove. */
  readonly notes: readonly string[];
  /** Of the bytes that were read. */
  readonly summary: Summary;
}

/**
 * Looks whether backups are what was stored, and whether they can be restored. Changes nothing in the store. Damage is
 * no error: it is in the result. Throws typed errors when it could not look at all.
 */
export async function verify(options: VerifyOptions): Promise<VerifyResult> {
  const sumUp = startSummary(options.store);
  return runVerifyPlan(await readVerifyPlan(options), options, sumUp);
}

/** Lists, and plans what to look at. */
export async function readVerifyPlan(options: VerifyOptions): Promise<VerifyPlanReport> {
  const { store, level = 1 } = options;
  const asked = (options.snapshots ?? []).map((name) => readAsked(name, options.dataset));
  const found = await readFound(options, [...new Set(asked.map(({ dataset }) => dataset))]);
  const sample = options.sample && { seed: seedOf(options.time ?? new Date()), ...options.sample };
  const plan = planVerify({
    lineages: groupByDataset(found.backups),
    lost: found.orphans.map((orphan): LostBackup => {
      const { dataset, snapshot, key: recordKey } = orphan;
      return { dataset, snapshot, recordKey, key: backupKey(store.prefix, dataset, snapshot) };
    }),
    ...{ asked, level, sample },
    snapshotPrefix: options.snapshotPrefix ?? '',
  });
  if (plan.kind !== 'plan') throw conflictError(plan);
  return { store: store.url, level, sample, plan };
}

function readAsked(name: string, dataset: string | undefined) {
  const whole = parseBackupName(name);
  if (whole) return whole;
  if (dataset !== undefined) return { dataset, snapshot: name };
  throw new Zfs3BackupError('USAGE', `${JSON.stringify(name)} does not say which dataset it is of`, {
    advice: 'Write `dataset@name`, or name the dataset with --dataset.',
  });
}

/** Days: one sample each. */
function seedOf(time: Date): number {
  return Math.max(0, Math.floor(time.getTime() / DAY_MS));
}

type Found = Pick<FoundBackups, 'backups' | 'orphans'>;

async function readFound(options: VerifyOptions, named: readonly string[]): Promise<Found> {
  const { store, dataset } = options;
  const call = options.signal ? { signal: options.signal } : {};
  const datasets = named.length > 0 ? named : dataset === undefined ? [] : [dataset];
  if (datasets.length === 0) return readBackups(store, undefined, call);
  const each = await Promise.all(datasets.map((name) => readBackups(store, name, call)));
  const found = {
    backups: each.flatMap(({ backups }) => backups),
    orphans: each.flatMap(({ orphans }) => orphans),
  };
  if (named.length > 0 || found.backups.length + found.orphans.length > 0) return found;
  throw new Zfs3BackupError('NO_SUCH_DATASET', `${dataset}: ${store.url} has no backups of it`, {
    advice: '`zfs3backup status` without --dataset lists the datasets of the store.',
  });
}

/** Looks at the very items of a plan. `sumUp` was started before it was made, where its requests count, too. */
export async function runVerifyPlan(
  { store, level, sample, plan }: VerifyPlanReport,
  options: VerifyOptions,
  sumUp = startSummary(options.store),
): Promise<VerifyResult> {
  // What is wrong with the call says nothing of a backup.
  checkBuffers(options);
  const { logger = silentLogger } = options;
  const receiver = await openReceiver(plan, { ...options, logger });
  const judged = await verifyItems(plan, { ...options, logger, receiver });
  const backups = judged.map(({ item, judgement }): VerifiedBackup => {
    const { dataset, snapshot, key, kind, parent, storedBytes, recordKey } = item.entry.backup;
    const { verdict, reason, findings, notes, notVerified } = judgement;
    return {
      ...{ dataset, snapshot, key, kind, parent, storedBytes },
      isRecorded: recordKey !== undefined,
      ...{ level: judgement.level, verdict, reason, findings, notes, notVerified },
    };
  });
  const summary = sumUp(judged.map(({ judgement }) => ({ ...judgement, storedBytes: judgement.readBytes })));
  const notes = receiver?.note === undefined ? [] : [receiver.note];
  return { store, level, sample, backups: [...backups, ...plan.lost.map(lostBackup)], notes, summary };
}

function lostBackup({ dataset, snapshot, key, recordKey }: LostBackup): VerifiedBackup {
  const message = `${key} is not there, and ${recordKey} says that it was stored; if it was deleted on purpose, \`zfs3backup cleanup\` removes the record`;
  return {
    ...{ dataset, snapshot, key, kind: undefined, parent: undefined, storedBytes: 0, isRecorded: true },
    ...{ level: 1, verdict: 'damaged', reason: undefined, notes: [], notVerified: undefined },
    findings: [{ kind: 'missing', message }],
  };
}
