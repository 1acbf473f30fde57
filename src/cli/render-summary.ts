import type { Summary } from '../summary.ts';
import { escapeName, renderCount, renderRate, renderSeconds, renderSize } from './render-text.ts';

/** One line, all that a run has moved. */
export function renderSummary(item: string, summary: Summary): string {
  const { streamBytes, storedBytes, seconds, requests, retries, skippedParts, skippedBytes } = summary;
  const ratio = ratioOf(summary);
  const facts = [
    renderSize(streamBytes),
    storedBytes === streamBytes || ratio === null
      ? ''
      : `${renderSize(storedBytes)} stored (ratio ${ratio.toFixed(2)})`,
    `${renderSeconds(seconds)} at ${renderRate(streamBytes, seconds)}`,
    requests === undefined ? '' : renderCount(requests, 'request'),
    renderCount(retries, 'retry', 'retries'),
    skippedParts > 0
      ? `${renderCount(skippedParts, 'part')} (${renderSize(skippedBytes)}) stored by an earlier run`
      : '',
  ];
  return `${escapeName(item)}: ${facts.filter(Boolean).join(', ')}`;
}

/** Stream bytes for each stored byte. */
export function ratioOf({ streamBytes, storedBytes }: Summary): number | null {
  return storedBytes > 0 ? streamBytes / storedBytes : null;
}
