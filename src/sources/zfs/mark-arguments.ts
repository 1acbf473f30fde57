import type { MarkStep } from '../source.ts';
import { bookmarkName, snapshotName } from './names.ts';

export function markArguments(step: MarkStep): readonly string[] {
  const { dataset } = step;
  switch (step.do) {
    case 'bookmark':
      return ['bookmark', snapshotName(dataset, step.snapshot), bookmarkName(dataset, step.bookmark)];
    case 'drop bookmark':
      return ['destroy', bookmarkName(dataset, step.bookmark)];
    case 'hold':
    case 'release':
      return [step.do, step.tag, snapshotName(dataset, step.snapshot)];
  }
}

/** Whether ZFS said that all is as it should be already. */
export function isMarkedAlready(step: MarkStep, words: string): boolean {
  if (step.do === 'hold') return /tag already exists/.test(words);
  if (step.do === 'release') return /no such tag/.test(words);
  if (step.do === 'drop bookmark') return /does not exist/.test(words);
  return false;
}
