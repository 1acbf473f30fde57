import type { Progress } from '../progress.ts';
import type { Summary } from '../summary.ts';
import { roundSeconds, summaryJson } from './render-json.ts';
import { rateOf, type Sample } from './render-progress.ts';
import { escapeJson } from './render-text.ts';

/*
 * The lines of `--progress json`, as docs/json.md has them: a promise to programs, put together by hand like the
 * objects of render-json.ts.
 */

export interface EventTimes {
  /** The wall clock's. */
  readonly time: Date;
  /** Since the step began. */
  readonly seconds: number;
}

export function renderProgressEvent(latest: Sample, earlier: Sample, { time, seconds }: EventTimes): string {
  const { progress } = latest;
  const { bytesPerSecond, secondsLeft } = rateOf(latest, earlier);
  return renderEvent({
    event: 'progress',
    time: time.toISOString(),
    verb: progress.verb,
    item: progress.item,
    step: progress.step,
    steps: progress.steps,
    streamBytes: progress.streamBytes,
    storedBytes: progress.storedBytes,
    skippedBytes: progress.skippedBytes,
    estimate: progress.estimate ?? null,
    bytesPerSecond: Math.round(bytesPerSecond),
    seconds: roundSeconds(seconds),
    secondsLeft: secondsLeft === undefined ? null : Math.round(secondsLeft),
    partsInFlight: progress.partsInFlight,
    retries: progress.retries,
  });
}

export function renderSummaryEvent(
  { verb, item }: Pick<Progress, 'verb' | 'item'>,
  summary: Summary,
  time: Date,
): string {
  return renderEvent({ event: 'summary', time: time.toISOString(), verb, item, ...summaryJson(summary) });
}

function renderEvent(event: object): string {
  return `${escapeJson(JSON.stringify(event))}\n`;
}
