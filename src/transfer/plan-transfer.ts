import { Zfs3BackupError } from '../errors.ts';
import type { StoreLimits } from '../store/store-limits.ts';
import { checkBuffers } from './check-buffers.ts';
import {
  ESTIMATES_LIE_BY,
  equalParts,
  growingParts,
  longestStream,
  type PartSchedule,
  roundDown,
} from './part-schedule.ts';
import {
  asSetting,
  checkAsked,
  checkEstimate,
  describeBytes,
  partBytesFor,
  withinLimits,
} from './part-size.ts';

const MIB = 1024 ** 2;

export const DEFAULT_MAX_MEMORY = 256 * MIB;

/** The first parts of a stream of which nothing is known. */
const UNKNOWN_PART_BYTES = 16 * MIB;

/** Bytes in flight from which more parts at once bring nothing, and the numbers between which parts are counted. */
const IN_FLIGHT_BYTES = 64 * MIB;
const FEWEST_IN_FLIGHT = 4;
const MOST_IN_FLIGHT = 8;

/** A stream of unknown length that may come this far needs no remark. */
const FAR_ENOUGH = 1024 ** 4;

export interface TransferRequest {
  readonly limits: StoreLimits;
  /** Expected bytes: a hint, which may lie. */
  readonly estimate?: number | undefined;
  /** What somebody wants the first part to be (`--chunk-size`); raised where the estimate would not fit. */
  readonly partBytes?: number | undefined;
  /** Parts in flight that somebody wants at most. */
  readonly concurrency?: number | undefined;
  /** Bytes for all buffers together; 256 MiB if not given. */
  readonly maxMemory?: number | undefined;
  /** What encodes the stream within this process takes of them; a quarter of them at most. */
  readonly encoderBytes?: number | undefined;
}

export interface TransferPlan {
  /** Size of the first part; those behind it follow the schedule. */
  readonly partBytes: number;
  readonly schedule: PartSchedule;
  /** Parts in flight at most; fewer while parts are so big that fewer fit into the memory. */
  readonly concurrency: number;
  /** What the buffers take at most: those in flight and the one that is being filled. */
  readonly memoryBytes: number;
  /** The longest stream that fits the store and the memory. */
  readonly maxStreamBytes: number;
  /** Sentences that a person should hear before it begins. */
  readonly notes: readonly string[];
}

/**
 * Chooses part sizes and parts in flight within the memory. Throws USAGE for what the store does not take or what
 * does not fit into the memory, and STREAM_TOO_LONG for an estimate beyond what can be stored; both say what would
 * do.
 */
export function planTransfer(request: TransferRequest): TransferPlan {
  const { limits, estimate, maxMemory: budget = DEFAULT_MAX_MEMORY } = request;
  if (request.partBytes !== undefined) checkAsked(request.partBytes, limits);
  checkBuffers(request);
  if (estimate !== undefined) checkEstimate(estimate, limits);
  const maxMemory = budget - encoderShare(request, budget);
  const partBytes = choosePartBytes({ ...request, partBytes: askedWithin(maxMemory, request) }, maxMemory);
  if (partBytes > maxMemory) throw doesNotFit(partBytes, maxMemory, request);
  const concurrency = chooseConcurrency(partBytes, maxMemory, request);
  const schedule = limits.equalParts
    ? equalParts(partBytes)
    : growingParts({
        ...{ firstBytes: partBytes, limits, memoryBytes: maxMemory, buffers: concurrency + 1, estimate },
        asked: request.partBytes !== undefined,
      });
  const plan = {
    partBytes,
    schedule,
    concurrency,
    memoryBytes: Math.min(maxMemory, (concurrency + 1) * (schedule.at(-1)?.bytes ?? partBytes)),
    maxStreamBytes: longestStream(schedule, limits),
  };
  return { ...plan, notes: notesOn(plan, request, maxMemory) };
}

/** What buffers take of the memory from the start, and what they may come to, in one sentence. */
export function sayPlan({ partBytes, concurrency, memoryBytes, maxStreamBytes }: TransferPlan): string {
  const now = Math.min(memoryBytes, partBytes * (concurrency + 1));
  const later = now < memoryBytes ? `, at most ${describeBytes(memoryBytes)} when parts have grown` : '';
  return (
    `parts of ${describeBytes(partBytes)}, ${concurrency} in flight and one that is filled: ` +
    `${describeBytes(now)} of memory${later}; the stream may have at most ${describeBytes(maxStreamBytes)}`
  );
}

/** No more of the memory than this share goes to what encodes: parts must stay possible. */
const ENCODER_SHARE = 1 / 4;

function encoderShare({ encoderBytes = 0 }: TransferRequest, budget: number): number {
  return Math.min(encoderBytes, Math.floor(budget * ENCODER_SHARE));
}

/** A part that would have all of the memory leaves what encodes its share: files of z3 ask for such parts. */
function askedWithin(maxMemory: number, request: TransferRequest): number | undefined {
  const { partBytes, limits, maxMemory: budget = DEFAULT_MAX_MEMORY } = request;
  if (partBytes === undefined || partBytes > budget) return partBytes;
  return Math.min(partBytes, Math.max(roundDown(maxMemory), limits.minPartBytes));
}

function choosePartBytes({ limits, estimate, partBytes, concurrency }: TransferRequest, maxMemory: number) {
  const needed = estimate === undefined ? 0 : partBytesFor(estimate, limits);
  if (partBytes !== undefined) return Math.max(partBytes, needed);
  const inFlight = Math.min(
    FEWEST_IN_FLIGHT,
    ...[concurrency, limits.maxPartsInFlight].filter((most) => most !== undefined),
  );
  const roomy = roundDown(maxMemory / (inFlight + 1));
  // What must not grow later begins as big as it may become without costing anything.
  const unknown = limits.equalParts ? roomy : Math.min(roomy, UNKNOWN_PART_BYTES);
  if (estimate === undefined) return withinLimits(unknown, limits);
  const lied = Math.min(partBytesFor(estimate * ESTIMATES_LIE_BY, limits), roomy);
  return limits.equalParts ? Math.max(needed, lied) : needed;
}

function chooseConcurrency(partBytes: number, maxMemory: number, { concurrency, limits }: TransferRequest) {
  const usual = Math.max(FEWEST_IN_FLIGHT, Math.min(MOST_IN_FLIGHT, Math.floor(IN_FLIGHT_BYTES / partBytes)));
  // With one buffer alone there is one part in flight, while nothing is filled.
  const fitting = Math.max(1, Math.floor(maxMemory / partBytes) - 1);
  return Math.min(concurrency ?? usual, fitting, limits.maxPartsInFlight ?? Number.POSITIVE_INFINITY);
}

function notesOn(
  plan: Omit<TransferPlan, 'notes'>,
  { limits, estimate, concurrency, partBytes: asked = 0 }: TransferRequest,
  maxMemory: number,
): string[] {
  const notes: string[] = [];
  if (plan.partBytes < asked) {
    notes.push(
      `parts of ${describeBytes(plan.partBytes)} instead of ${describeBytes(asked)}: the compressor has its share ` +
        `of the memory, and ${describeBytes(maxMemory)} are left for parts; --max-memory lifts that`,
    );
  }
  if (concurrency !== undefined && plan.concurrency < concurrency) {
    const byProvider = plan.concurrency === limits.maxPartsInFlight;
    notes.push(
      `${plan.concurrency} part${plan.concurrency === 1 ? '' : 's'} in flight instead of ${concurrency}: ` +
        (byProvider
          ? 'this store answers slower beyond'
          : `parts of ${describeBytes(plan.partBytes)} within ${describeBytes(maxMemory)} of memory`),
    );
  }
  const { maxStreamBytes } = plan;
  const ceiling = describeBytes(maxStreamBytes);
  const cure = limits.equalParts
    ? '--estimated SIZE, --chunk-size or --max-memory lift that'
    : '--max-memory lifts that';
  if (maxStreamBytes >= limits.maxObjectBytes) return notes;
  if (estimate === undefined && (limits.equalParts || maxStreamBytes < FAR_ENOUGH)) {
    notes.push(`the stream may have at most ${ceiling}; ${cure}`);
  } else if (estimate !== undefined && maxStreamBytes < estimate * ESTIMATES_LIE_BY) {
    notes.push(
      `${describeBytes(estimate)} are expected, and the stream may have at most ${ceiling}; ${cure}`,
    );
  }
  return notes;
}

function doesNotFit(partBytes: number, maxMemory: number, request: TransferRequest) {
  const { estimate, partBytes: asked, maxMemory: budget = DEFAULT_MAX_MEMORY } = request;
  const share = budget - maxMemory;
  const less =
    share > 0 ? ` (${describeBytes(budget)} without the ${describeBytes(share)} of the compressor)` : '';
  const memory = `${describeBytes(maxMemory)} of memory for buffers${less}`;
  // One buffer would hold it; the second lets a part be filled while one is in flight.
  const wouldDo = `--max-memory ${asSetting(2 * partBytes)} would do`;
  if (partBytes !== asked && estimate !== undefined) {
    return new Zfs3BackupError(
      'STREAM_TOO_LONG',
      `A stream of ${describeBytes(estimate)} is expected: that takes parts of ${describeBytes(partBytes)}, ` +
        `which do not fit into ${memory}`,
      { advice: `${wouldDo}.` },
    );
  }
  const smaller = partBytes === asked ? ', and so would a smaller --chunk-size' : '';
  return new Zfs3BackupError('USAGE', `Parts of ${describeBytes(partBytes)} do not fit into ${memory}`, {
    advice: `${wouldDo}${smaller}.`,
  });
}
