import { Zfs3BackupError } from './errors.ts';
import type { FilterChain } from './filters/chain.ts';
import type { FilterOptions } from './filters/filter.ts';
import type { StreamFacts } from './inspect/stream-inspector.ts';
import { silentLogger } from './logger.ts';
import { joinProgress } from './progress.ts';
import {
  type BackupOptions,
  type BackupPlanReport,
  encoderOf,
  type PlannedBackup,
  readBackupPlan,
  sendStepOf,
  transferOptions,
} from './reading/read-backup-plan.ts';
import { readLeftOpen } from './reading/read-left-open.ts';
import type { StoredBackup } from './reading/stored-backup.ts';
import { inspectSent } from './steps/inspect-sent.ts';
import { recordBackup } from './steps/record-backup.ts';
import { createMarkRunner } from './steps/run-marks.ts';
import { sayReached } from './steps/say-reached.ts';
import { type CrcMeter, meterCrc32 } from './stream/crc-meter.ts';
import { meter } from './stream/meter.ts';
import { untilDone } from './stream/until-done.ts';
import { type Summary, startSummary } from './summary.ts';
import type { ResumableUpload } from './transfer/open-upload.ts';
import { upload } from './transfer/upload.ts';

export {
  type BackupOptions,
  type BackupPlanReport,
  type PlannedBackup,
  readBackupPlan,
} from './reading/read-backup-plan.ts';
export type { StoredBackup } from './reading/stored-backup.ts';

export interface BackupResult {
  readonly dataset: string;
  readonly store: string;
  readonly notes: readonly string[];
  readonly backups: readonly StoredBackup[];
  /** Of carrying out the plan. */
  readonly summary: Summary;
}

/** Backs up what the store does not have yet. Throws typed errors; what was stored before one stays. */
export async function backup(options: BackupOptions): Promise<BackupResult> {
  return runBackupPlan(await readBackupPlan(options), options);
}

/** Runs the very steps of a plan, oldest first; stops at the first failure. */
export async function runBackupPlan(plan: BackupPlanReport, options: BackupOptions): Promise<BackupResult> {
  const logger = options.logger ?? silentLogger;
  const sumUp = startSummary(options.store);
  const backups: StoredBackup[] = [];
  const leaveMarks = createMarkRunner(options);
  await leaveMarks(plan.marks);
  const leftOpen = plan.steps.length > 0 ? await readLeftOpen(plan.dataset, options) : undefined;
  for (const planned of plan.steps) {
    try {
      const resume = await leftOpen?.find(planned);
      const stored = await storeBackup(planned, backups.length + 1, plan.steps.length, options, resume);
      backups.push(stored);
      await options.onStored?.(stored);
      await leaveMarks(planned.step.after);
    } catch (error) {
      if (plan.steps.length > 1) {
        logger.warn({}, sayReached('stored', backups, options.signal));
      }
      throw error;
    }
  }
  const { dataset, store, notes } = plan;
  return { dataset, store, notes, backups, summary: sumUp(backups) };
}

async function* refuseEmpty(
  source: AsyncIterable<Uint8Array>,
  message: string,
  advice?: string,
): AsyncGenerator<Uint8Array> {
  let isEmpty = true;
  for await (const chunk of source) {
    isEmpty &&= chunk.byteLength === 0;
    yield chunk;
  }
  if (isEmpty) throw new Zfs3BackupError('EMPTY_STREAM', message, advice === undefined ? {} : { advice });
}

/** What is stored, in the encoder's words where that is to blame for nothing. */
function encode(stream: AsyncIterable<Uint8Array>, encoder: FilterChain, name: string, call: FilterOptions) {
  const names = encoder.filters.map((filter) => filter.name).join(' and ');
  return refuseEmpty(
    encoder.encode(stream, call),
    `${name}: ${names} wrote nothing, though the stream is not empty; nothing was stored`,
    'Look at how it is called: it has to read the stream from stdin and to write to stdout.',
  );
}

async function storeBackup(
  planned: PlannedBackup,
  number: number,
  steps: number,
  options: BackupOptions,
  resume: ResumableUpload | null | undefined,
): Promise<StoredBackup> {
  const { step, key, metadata, estimate } = planned;
  const { signal } = options;
  const encoder = encoderOf(options);
  const name = `${step.dataset}@${step.snapshot.name}`;
  const about = { verb: 'backup', item: name, step: number, steps, estimate } as const;
  const progress = joinProgress(options.onProgress, about);
  const startedAt = new Date();
  let digested: CrcMeter | undefined;
  let facts: StreamFacts | undefined;
  const result = await untilDone(signal, (producing) => {
    const call = { signal: producing };
    const sent = meter(options.source.send(sendStepOf(step), call), progress.read);
    // Without a filter it is what the upload tells.
    digested = encoder && meterCrc32(sent);
    // Before the filter: a compressor makes a few bytes of nothing.
    const whole = refuseEmpty(digested?.chunks ?? sent, `${name}: the stream is empty, nothing was stored`);
    const stream = inspectSent(whole, step, options, (seen) => {
      facts = seen;
    });
    return upload({
      store: options.store,
      key,
      source: encoder ? encode(stream, encoder, name, call) : stream,
      metadata,
      estimate,
      partDigests: true,
      ...transferOptions(options),
      ifExists: 'fail',
      ...{ resume, force: options.force, keepOnInterrupt: options.keepOnInterrupt ?? true },
      ...{ signal, storageClass: options.storageClass, maxRetries: options.maxRetries },
      logger: options.logger,
      onProgress: progress.stored,
    });
  });
  const streamBytes = progress.streamBytes();
  options.logger?.debug({ key, streamBytes, storedBytes: result.storedBytes }, `stored ${name}`);
  const stored = { streamBytes, streamCrc32: digested?.hex() ?? result.crc32 ?? null, startedAt, result };
  await recordBackup(planned, stored, options);
  const { etag, storedBytes, parts, skippedParts, skippedBytes, partBytes, seconds, retries } = result;
  return {
    ...{ name, key, kind: step.kind, parent: step.parentName ?? null, streamBytes, storedBytes },
    ...{ parts, skippedParts, skippedBytes, partBytes, etag, seconds, retries, stream: facts },
  };
}
