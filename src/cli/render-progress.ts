import type { Progress } from '../progress.ts';
import { escapeName, renderCount, renderRate, renderSeconds, renderSize } from './render-text.ts';

/** A progress with the moment (in milliseconds of any one clock) that it was told. */
export interface Sample {
  readonly at: number;
  readonly progress: Progress;
}

/** One line: what, how much, how fast (since `earlier`), how long still. */
export function renderProgress(latest: Sample, earlier: Sample): string {
  const { progress } = latest;
  const { bytesPerSecond, secondsLeft } = rateOf(latest, earlier);
  const facts = [
    progress.steps > 1 ? `${progress.step}/${progress.steps}` : '',
    renderBytes(progress),
    renderPercent(progress),
    latest.at > earlier.at ? renderRate(bytesPerSecond, 1) : '-',
    secondsLeft === undefined ? '' : `${renderSeconds(secondsLeft)} left`,
    progress.partsInFlight > 0 ? `${renderCount(progress.partsInFlight, 'part')} in flight` : '',
    progress.retries > 0 ? renderCount(progress.retries, 'retry', 'retries') : '',
    progress.skippedBytes > 0 ? `${renderSize(progress.skippedBytes)} there already` : '',
  ];
  return [`${progress.verb} ${escapeName(progress.item)}`, ...facts].filter(Boolean).join('  ');
}

/** How fast, and how long still: `undefined` where nothing tells, or the estimate is exceeded. */
export function rateOf(latest: Sample, earlier: Sample) {
  const { streamBytes, estimate } = latest.progress;
  const seconds = (latest.at - earlier.at) / 1000;
  const streamed = Math.max(0, streamBytes - earlier.progress.streamBytes);
  const bytesPerSecond = seconds > 0 ? streamed / seconds : 0;
  const isOpen = !estimate || bytesPerSecond === 0 || streamBytes >= estimate;
  return { bytesPerSecond, secondsLeft: isOpen ? undefined : (estimate - streamBytes) / bytesPerSecond };
}

/** Cut to the width of a terminal, so that it stays one line. */
export function fitLine(line: string, columns: number): string {
  const characters = [...line];
  return characters.length < columns ? line : `${characters.slice(0, Math.max(1, columns - 2)).join('')}…`;
}

function renderBytes({ verb, streamBytes, storedBytes }: Progress): string {
  const hasFilters = verb === 'backup' || verb === 'restore' || verb === 'verify';
  if (!hasFilters || streamBytes === storedBytes) return renderSize(streamBytes);
  return `${renderSize(streamBytes)} (${renderSize(storedBytes)} stored)`;
}

function renderPercent({ streamBytes, estimate }: Progress): string {
  if (!estimate) return '';
  // An estimate may be low: 100 % is said by the result alone.
  return `${Math.min(99, Math.floor((streamBytes / estimate) * 100))}%`;
}
