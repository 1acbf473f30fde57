import type { StoreLimits } from '../store/store-limits.ts';

const MIB = 1024 ** 2;

/** From part number `firstPart` on, parts have `bytes`. */
export interface PartStep {
  readonly firstPart: number;
  readonly bytes: number;
}

/**
 * The size of every part of an upload, from part 1 on, in steps that only grow. Plain data: written down, it gives
 * the same sizes to whoever goes on with the upload, whatever was planned differently meanwhile.
 */
export type PartSchedule = readonly PartStep[];

/** Estimates of send streams were seen to tell 1/2.19 of what came. */
export const ESTIMATES_LIE_BY = 2.2;

/** As many parts for each step, as shares of those that are left when growing begins: the slowest that suffices. */
const PACES = [1 / 10, 1 / 20, 1 / 50, 1 / 100];

/** Up to that many buffers the memory is divided evenly on the way up: 4, 3, 2, 1 in flight beside the one filled. */
const EVEN_BUFFERS = 5;

export interface ScheduleRequest {
  readonly firstBytes: number;
  readonly limits: StoreLimits;
  /** For all buffers together: no part is bigger. */
  readonly memoryBytes: number;
  /** That many of them are used, as long as they fit. */
  readonly buffers: number;
  /** A stream of this length is not to see parts grow. */
  readonly estimate?: number | undefined;
  /** Somebody wants this first size: it is kept longer. */
  readonly asked?: boolean | undefined;
}

/** Size of part `number`, from 1. */
export function partBytesAt(schedule: PartSchedule, number: number): number {
  const step = schedule.findLast(({ firstPart }) => firstPart <= number);
  if (!step) throw new RangeError(`There is no part ${number}`);
  return step.bytes;
}

/** A schedule that was written down; `undefined` for what is none. */
export function decodeSchedule(value: unknown): PartSchedule | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const steps: PartStep[] = [];
  for (const step of value) {
    const { firstPart, bytes } = Object(step);
    const before = steps.at(-1);
    if (!Number.isSafeInteger(firstPart) || !Number.isSafeInteger(bytes) || bytes < 1) return undefined;
    if (before ? firstPart <= before.firstPart : firstPart !== 1) return undefined;
    steps.push({ firstPart, bytes });
  }
  return steps;
}

/** The longest stream that fits: the parts that the store takes, or its longest object. */
export function longestStream(schedule: PartSchedule, { maxParts, maxObjectBytes }: StoreLimits): number {
  const sum = schedule.reduce((bytes, step, at) => {
    const end = schedule[at + 1]?.firstPart ?? maxParts + 1;
    return bytes + Math.max(0, Math.min(end, maxParts + 1) - step.firstPart) * step.bytes;
  }, 0);
  return Math.min(sum, maxObjectBytes);
}

/** All parts of one size, as some providers want them. */
export function equalParts(bytes: number): PartSchedule {
  return [{ firstPart: 1, bytes }];
}

/**
 * Parts that begin with `firstBytes` and grow so that the store's longest object, or what comes nearest within the
 * memory, is reached before the parts run out: as late, as slowly and with as many buffers as that allows. Within
 * the estimate they are equal, unless that left no room for an estimate that lies; then they grow earlier, to what
 * takes no buffer away.
 */
export function growingParts(request: ScheduleRequest): PartSchedule {
  const { firstBytes, limits, estimate = 0 } = request;
  const within = Math.ceil(estimate / firstBytes);
  const least = Math.ceil(limits.maxParts * (request.asked ? 1 / 4 : 1 / 20));
  const late = climb(equalParts(firstBytes), Math.max(within, least), request);
  if (longestStream(late, limits) >= longestExpected(request)) return late;
  const early = growEarlier(least, request);
  return longestStream(early, limits) > longestStream(late, limits) ? early : late;
}

function growEarlier(least: number, request: ScheduleRequest): PartSchedule {
  const { firstBytes, limits, estimate = 0, memoryBytes, buffers } = request;
  const fitting = Math.min(buffers, Math.floor(memoryBytes / firstBytes));
  const roomy = roundDown(Math.min(memoryBytes / fitting, limits.maxPartBytes));
  if (roomy <= firstBytes) return equalParts(firstBytes);
  const rest = Math.max(0, estimate - least * firstBytes);
  const start = [...equalParts(firstBytes), { firstPart: least + 1, bytes: roomy }];
  return climb(start, least + Math.ceil(rest / roomy), request);
}

function longestExpected({ estimate = 0, limits }: ScheduleRequest): number {
  return Math.min(estimate * ESTIMATES_LIE_BY, limits.maxObjectBytes);
}

/** Goes on growing behind part `even`. */
function climb(start: PartSchedule, even: number, request: ScheduleRequest): PartSchedule {
  const { limits } = request;
  const left = limits.maxParts - even;
  const from = start.at(-1)?.bytes ?? request.firstBytes;
  if (left < 1 || longestStream(start, limits) >= limits.maxObjectBytes) return start;
  let routes: PartSchedule[] = [];
  for (const sizes of laddersFrom(from, request)) {
    routes = PACES.map((share) => {
      const run = Math.max(1, Math.floor(left * share));
      const steps = sizes.map((bytes, at) => ({ firstPart: even + 1 + at * run, bytes }));
      return [...start, ...steps.filter(({ firstPart }) => firstPart <= limits.maxParts)];
    });
    const enough = routes.find((route) => longestStream(route, limits) >= limits.maxObjectBytes);
    if (enough) return enough;
  }
  const largest = largestBytes(request);
  if (largest > from) routes.push([...start, { firstPart: even + 1, bytes: largest }]);
  // Nothing reaches the longest object: then most of what can be had, without hurrying for the rest.
  const most = Math.max(...routes.map((route) => longestStream(route, limits)));
  const wanted = Math.max(most * 0.75, Math.min(most, longestExpected(request)));
  return routes.find((route) => longestStream(route, limits) >= wanted) ?? start;
}

/** Sizes above `from`, doubling while all buffers fit; then one ladder for each buffer that is given up. */
function laddersFrom(from: number, request: ScheduleRequest): number[][] {
  const { memoryBytes, buffers, limits } = request;
  const shares = Array.from({ length: Math.min(buffers, EVEN_BUFFERS) }, (_, at) => at + 1).reverse();
  const sizes: number[] = [];
  const push = (bytes: number) => {
    const size = Math.min(roundDown(bytes), limits.maxPartBytes);
    if (size > (sizes.at(-1) ?? from)) sizes.push(size);
  };
  const roomy = memoryBytes / (shares[0] ?? 1);
  for (let bytes = from * 2; bytes < roomy; bytes *= 2) push(bytes);
  return shares.map((share) => {
    push(memoryBytes / share);
    return [...sizes];
  });
}

function largestBytes({ memoryBytes, limits }: ScheduleRequest): number {
  return Math.min(roundDown(memoryBytes), limits.maxPartBytes);
}

/** Whole MiB where there are some: for people who read them. */
export function roundDown(bytes: number): number {
  return bytes < MIB ? Math.floor(bytes) : Math.floor(bytes / MIB) * MIB;
}
