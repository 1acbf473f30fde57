import pLimit from 'p-limit';
import { filtersOf } from '../filters/registry.ts';
import type { Backup, Lineage } from '../lineage/backup.ts';
import { choiceOf } from '../lineage/choose-backup.ts';
import { conflictError } from '../lineage/conflict-error.ts';
import type { MarkStep } from '../lineage/marks.ts';
import { planRestore, type RestorePlan } from '../lineage/plan-restore.ts';
import { bringsProperties, isReplication } from '../lineage/send-flags.ts';
import type { DatasetState, PartialReceive, ReceiveStep } from '../sources/source.ts';
import type { CallOptions } from '../store/object-store.ts';
import type { StoredStreamOptions } from './fetch-options.ts';
import { demandReadable } from './read-archived.ts';
import type { ChosenOptions } from './read-chosen.ts';
import { headReader } from './read-head.ts';
import { readLineage } from './read-lineage.ts';
import { markReplications } from './read-replications.ts';
import { checkProperties } from './receive-properties.ts';
import type { ReceivedBackup } from './received-backup.ts';
import { markCommands, streamCommand } from './typed-commands.ts';

export interface RestoreOptions extends StoredStreamOptions, ChosenOptions {
  /** The dataset to receive into; default: the original. */
  readonly target?: string;
  /** Consent to the losses that the plan lists. */
  readonly force?: boolean;
  /** Drop what an interrupted receive left at the target, whatever it is of. */
  readonly abortPartial?: boolean;
  /** Mount what was received. */
  readonly mount?: boolean;
  /** Properties to set on what arrives, `NAME=VALUE` each. */
  readonly properties?: readonly string[];
  /** Properties to leave out of what the streams bring. */
  readonly withoutProperties?: readonly string[];
  /** Told of each backup once it is received; the next one waits for it. What it throws ends the restore. */
  readonly onReceived?: (received: ReceivedBackup) => void | Promise<void>;
}

/** One backup that will be received. */
export interface PlannedRestore {
  readonly backup: Backup;
  readonly receive: ReceiveStep;
  /** What a person would type for the same: argument lists to be joined by `|`. */
  readonly pipeline: readonly (readonly string[])[];
  /** Commands that must run before it: to drop what an interrupted receive left, to roll back on an old ZFS. */
  readonly before: readonly (readonly string[])[];
}

export interface RestorePlanReport {
  readonly dataset: string;
  /** The name that was meant, after the `@`. */
  readonly snapshot: string;
  readonly store: string;
  readonly target: string;
  /** There is nothing at the target yet that stays. */
  readonly isNew: boolean;
  readonly notes: readonly string[];
  /** Those of them that tell of something wrong. */
  readonly warnings?: readonly string[];
  /** What is destroyed at the target, one phrase each; empty unless forced. */
  readonly losses: readonly string[];
  /** What the target had when this was planned, as guids: what consent to the losses was given for. */
  readonly present: readonly string[];
  /** What is dropped before all, of an interrupted receive. */
  readonly drops: PartialReceive | undefined;
  /** What goes before anything is received: our holds on what is lost, bookmarks of what is undone. */
  readonly marks: readonly MarkStep[];
  /** Oldest first; empty when there is nothing to do. */
  readonly steps: readonly PlannedRestore[];
  /** Of all steps. */
  readonly storedBytes: number;
  /** Of all steps, as recorded or estimated; `undefined` where one does not tell. */
  readonly streamBytes: number | undefined;
}

/** Keys are looked at by programs such as gpg: a few at once. */
const CHECKS_AT_ONCE = 4;

/**
 * Reads both sides and plans; changes nothing. What cannot be decoded here, for want of a filter, a program or a key,
 * and what cannot be read because it is archived, fails now and not half-way.
 */
export async function readRestorePlan(options: RestoreOptions): Promise<RestorePlanReport> {
  const { store, source, dataset, target = dataset, snapshot } = options;
  checkProperties(options);
  const call = options.signal ? { signal: options.signal } : {};
  const choice = choiceOf(snapshot);
  const [lineage, state, own] = await Promise.all([
    readLineage(store, dataset, call),
    source.readDataset(target, call),
    choice.by === 'name' || target === dataset ? undefined : source.readDataset(dataset, call),
  ]);
  const planOf = (from: Lineage) => {
    const plan = planRestore({
      ...{ lineage: from, choice, takenAt: timesOf(state, own) },
      snapshotPrefix: options.snapshotPrefix,
      target: { name: target, state },
      original: target === dataset,
      force: options.force ?? false,
      abortPartial: options.abortPartial ?? false,
    });
    if (plan.kind !== 'plan') throw conflictError(plan);
    return plan;
  };
  const first = planOf(lineage);
  await demandReadable(store, first.steps, call);
  await checkDecoders(first.steps, options, call);
  const marked = await markReplications(lineage, first.steps, options, call);
  const plan = marked === lineage ? first : planOf(marked);
  const steps = plan.steps.map((backup) => planStep(plan, backup, options));
  return {
    ...{ dataset, snapshot: plan.snapshot, store: store.url, target },
    ...{
      notes: plan.notes,
      warnings: plan.warnings ?? [],
      losses: plan.losses,
      drops: plan.drops,
      marks: plan.marks,
      steps,
    },
    isNew: state === undefined || state.partial?.isAll === true,
    present: (state?.snapshots ?? []).map(({ guid }) => guid),
    storedBytes: plan.steps.reduce((sum, { storedBytes }) => sum + storedBytes, 0),
    streamBytes: plan.steps.reduce(addStreamBytes, 0),
  };
}

function timesOf(...states: readonly (DatasetState | undefined)[]): ReadonlyMap<string, Date> {
  const snapshots = states.flatMap((state) => state?.snapshots ?? []);
  return new Map(snapshots.map(({ guid, createdAt }) => [guid, createdAt]));
}

function addStreamBytes(sum: number | undefined, { streamBytes, estimate }: Backup): number | undefined {
  const bytes = streamBytes ?? estimate;
  return sum === undefined || bytes === undefined ? undefined : sum + bytes;
}

function planStep(plan: RestorePlan, backup: Backup, options: RestoreOptions): PlannedRestore {
  const { source, dataset, target = dataset, properties, withoutProperties } = options;
  const isFirst = backup === plan.steps[0];
  const base = isFirst ? plan.base?.name : backup.parent;
  const mayBring = backup.sendFlags === undefined || bringsProperties(backup.sendFlags);
  const receive: ReceiveStep = {
    target,
    snapshot: backup.snapshot,
    ...(base === undefined ? {} : { base }),
    // only the first step can meet what is newer at the target; the later ones build on what just arrived
    force: plan.force && isFirst,
    mount: options.mount ?? false,
    isReplication: isReplication(backup.sendFlags),
    resumable: true,
    ...(isFirst && plan.continues ? { continues: plan.continues } : {}),
    ...(properties ? { properties } : {}),
    ...(withoutProperties ? { withoutProperties } : {}),
    withoutPlace: target !== dataset && mayBring,
  };
  const drop = isFirst && plan.drops ? source.dropPartialCommand?.(target) : undefined;
  const commands = source.receiveCommands(receive);
  return {
    backup,
    receive,
    before: [
      ...(drop ? [drop] : []),
      ...(isFirst ? markCommands(source, plan.marks) : []),
      ...commands.slice(0, -1),
    ],
    pipeline: [...decodeCommands(backup, receive, options), ...commands.slice(-1)],
  };
}

function decodeCommands(
  backup: Backup,
  { continues }: ReceiveStep,
  { store, ...given }: RestoreOptions,
): readonly (readonly string[])[] {
  const decode = filtersOf(given).decoderOf(backup)?.commands.decode ?? [];
  // no other program makes the rest of a whole stream
  if (continues) return [streamCommand(store, backup, continues.token)];
  return [['zfs3backup_get', ...store.arguments, backup.key], ...decode];
}

/** Once for each program; for each backup where it depends on the keys that it was encrypted for. */
async function checkDecoders(
  backups: readonly Backup[],
  { store, ...given }: RestoreOptions,
  call: CallOptions,
): Promise<void> {
  const filters = filtersOf(given);
  const different = new Map<string, Backup>();
  for (const backup of backups) {
    const { key, compressor = '', encryptor } = backup;
    different.set(encryptor === undefined ? `compressor ${compressor}` : `key ${key}`, backup);
  }
  const limit = pLimit(CHECKS_AT_ONCE);
  const check = (backup: Backup) =>
    filters.checkDecoder(backup, headReader(store, backup.key, backup.storedBytes, call), call);
  await Promise.all([...different.values()].map((backup) => limit(check, backup)));
}
