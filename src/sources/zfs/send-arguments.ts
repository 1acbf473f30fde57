import type { SendStep } from '../source.ts';
import { bookmarkName, snapshotName } from './names.ts';

export function sendArguments(step: SendStep): readonly string[] {
  return ['send', ...(step.sendFlags ?? []), ...whatToSend(step)];
}

/** The same stream as `sendArguments` would make, but only its size: `size<tab>BYTES` as the last line. */
export function estimateArguments(step: SendStep): readonly string[] {
  return ['send', '-nvP', ...(step.sendFlags ?? []), ...whatToSend(step)];
}

function whatToSend({ dataset, snapshot, parent, isFromBookmark }: SendStep): readonly string[] {
  const target = snapshotName(dataset, snapshot);
  if (parent === undefined) return [target];
  const from = isFromBookmark ? bookmarkName(dataset, parent) : snapshotName(dataset, parent);
  return ['-i', from.slice(dataset.length), target];
}
