import { Zfs3BackupError } from './errors.ts';
import { type Logger, silentLogger } from './logger.ts';
import {
  type PlannedRestore,
  type RestoreOptions,
  type RestorePlanReport,
  readRestorePlan,
} from './reading/read-restore-plan.ts';
import type { ReceivedBackup } from './reading/received-backup.ts';
import { NotContinuableError } from './sources/not-continuable.ts';
import type { ReceiveStep } from './sources/source.ts';
import { sayReached } from './steps/say-reached.ts';
import { createStoredStream, type Moved } from './steps/stored-stream.ts';
import { untilDone } from './stream/until-done.ts';
import { type Summary, startSummary } from './summary.ts';
import { checkBuffers } from './transfer/check-buffers.ts';

export {
  type PlannedRestore,
  type RestoreOptions,
  type RestorePlanReport,
  readRestorePlan,
} from './reading/read-restore-plan.ts';
export type { ReceivedBackup } from './reading/received-backup.ts';

export interface RestoreResult {
  readonly dataset: string;
  readonly store: string;
  readonly target: string;
  readonly notes: readonly string[];
  readonly received: readonly ReceivedBackup[];
  /** Of carrying out the plan. */
  readonly summary: Summary;
}

/** How long to look for what a receive that failed has left. */
const LOOK_MS = 10_000;

/** Brings a snapshot back. Throws typed errors; what was received before one stays, and the same call goes on from there. */
export async function restore(options: RestoreOptions): Promise<RestoreResult> {
  return runRestorePlan(await readRestorePlan(options), options);
}

/** Receives the very steps of a plan, oldest first; stops at the first failure. */
export async function runRestorePlan(
  plan: RestorePlanReport,
  options: RestoreOptions,
): Promise<RestoreResult> {
  // Before anything of the target is touched, which comes before the first download.
  checkBuffers(options);
  const logger = options.logger ?? silentLogger;
  const sumUp = startSummary(options.store);
  const received: ReceivedBackup[] = [];
  if (plan.steps[0]?.receive.force) await demandUnchanged(plan, options);
  if (plan.drops) await dropPartial(plan.target, options);
  for (const step of plan.marks) await options.source.mark?.(step, callOf(options));
  for (const planned of plan.steps) {
    const work = receiveBackup(planned, received.length + 1, plan.steps.length, options);
    const one = await work.catch(async (error: unknown) => {
      await settlePartial(planned, error, options, logger);
      if (plan.steps.length > 1) {
        logger.warn({}, sayReached('arrived', received, options.signal));
      }
      throw error;
    });
    received.push(one);
    await options.onReceived?.(one);
  }
  const { dataset, store, target, notes } = plan;
  return { dataset, store, target, notes, received, summary: sumUp(received) };
}

/** Consent was given to what stood in the plan; a person may have thought for an hour. */
async function demandUnchanged({ target, present }: RestorePlanReport, options: RestoreOptions) {
  const state = await options.source.readDataset(target, callOf(options));
  const added = (state?.snapshots ?? []).filter(({ guid }) => !present.includes(guid));
  if (added.length === 0) return;
  const names = added.map(({ name }) => `${target}@${name}`).join(', ');
  throw new Zfs3BackupError('WOULD_LOSE_DATA', `${names} came since this was planned, and would be lost`, {
    advice: 'Nothing was changed. Run it again to see what would be lost now.',
  });
}

async function dropPartial(target: string, { source, signal, logger }: RestoreOptions): Promise<void> {
  await source.dropPartial?.(target, signal ? { signal } : {});
  logger?.info({ target }, `dropped what an interrupted receive had left at ${target}`);
}

async function receiveBackup(
  planned: PlannedRestore,
  step: number,
  steps: number,
  options: RestoreOptions,
): Promise<ReceivedBackup> {
  const { receive, backup } = planned;
  const about = { item: `${receive.target}@${receive.snapshot}`, step, steps };
  const startedAt = performance.now();
  const moved = await receiveFrom(planned, receive, about, options).catch(async (error: unknown) => {
    if (!(error instanceof NotContinuableError)) throw error;
    options.logger?.warn(
      { key: backup.key },
      `${about.item} is received from its start: the stream of ${backup.key} does not serve to go on (${error.reason})`,
    );
    await dropPartial(receive.target, options);
    const { continues: _, ...anew } = receive;
    return receiveFrom(planned, anew, about, options);
  });
  await demandSame(planned, options);
  options.logger?.debug({ key: backup.key, ...moved }, `received ${about.item}`);
  return { name: about.item, ...moved, seconds: (performance.now() - startedAt) / 1000 };
}

interface About {
  readonly item: string;
  readonly step: number;
  readonly steps: number;
}

async function receiveFrom(
  { backup }: PlannedRestore,
  receive: ReceiveStep,
  about: About,
  options: RestoreOptions,
): Promise<Moved> {
  const stored = createStoredStream(backup, about, options);
  await untilDone(options.signal, async (signal) => {
    const call = { signal };
    await options.source.receive(receive, await stored.read(call, true), call);
  });
  return stored.moved();
}

/** What arrived must be the snapshot that was backed up, whatever it is called. */
async function demandSame({ backup, receive }: PlannedRestore, options: RestoreOptions): Promise<void> {
  const { target, snapshot } = receive;
  if (backup.guid === undefined || !options.source.readGuid) return;
  const guid = await options.source.readGuid(target, snapshot, callOf(options));
  if (guid === backup.guid) return;
  const found = guid === undefined ? 'is not there' : `has the guid ${guid}`;
  throw new Zfs3BackupError(
    'MISMATCH',
    `${backup.key} was received, and ${target}@${snapshot} ${found}; the snapshot that was backed up has ${backup.guid}`,
    {
      advice: `Do not take ${target} for what was backed up: the object holds another snapshot than its metadata says. \`zfs3backup verify\` tells more.`,
    },
  );
}

/**
 * What a step that failed has left: dropped where its bytes are in doubt, else told of, for the next run goes on with
 * it. Never fails: the error that led here is the news.
 */
async function settlePartial(
  { receive: { target }, backup }: PlannedRestore,
  error: unknown,
  { source }: RestoreOptions,
  logger: Logger,
): Promise<void> {
  const call = { signal: AbortSignal.timeout(LOOK_MS) };
  try {
    const partial = (await source.readDataset(target, call))?.partial;
    if (partial === undefined || (backup.guid !== undefined && partial.guid !== backup.guid)) return;
    const isDoubtful =
      error instanceof Zfs3BackupError && ['CORRUPT_STREAM', 'MISMATCH'].includes(error.code);
    if (isDoubtful) {
      await source.dropPartial?.(target, call);
      logger.warn({ target }, `What had arrived of ${backup.key} was dropped: it cannot be trusted.`);
    } else {
      const left = `What arrived of ${backup.key} is kept at ${target}`;
      logger.warn({ target }, `${left}: the same command goes on with it, --abort-partial drops it.`);
    }
  } catch (cause) {
    logger.debug({ target }, `what was left at ${target} is not known: ${String(cause)}`);
  }
}

function callOf({ signal }: RestoreOptions) {
  return signal ? { signal } : {};
}
