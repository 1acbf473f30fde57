import type { ReindexReport } from '../reindex.ts';
import { escapeName, renderCount, renderNames } from './render-text.ts';

/** A line for each step, and one that sums up. */
export function renderReindexPlan(report: ReindexReport): string {
  const lines = report.steps.map((step) => `would ${step.do} ${escapeName(step.key)}`);
  return `${[...lines, ...sumUp(report, 'would write', 'would remove')].join('\n')}\n`;
}

export function renderReindexResult(report: ReindexReport): string {
  return `${sumUp(report, 'wrote', 'removed').join('\n')}\n`;
}

function sumUp(report: ReindexReport, wrote: string, removed: string): readonly string[] {
  const { store, steps, recorded, stale, tooLong } = report;
  const count = (what: 'write' | 'remove') => steps.filter((step) => step.do === what).length;
  const gone = count('remove') === 0 ? '' : `, ${removed} ${count('remove')} that stood for others`;
  const first = `${escapeName(store)}: ${wrote} ${renderCount(count('write'), 'record')}${gone}; ${renderCount(recorded, 'backup')} had one.`;
  return [
    first,
    ...(stale.length === 0
      ? []
      : [
          `Not the object that was recorded: ${renderNames(stale)}. \`zfs3backup verify --level 2\` reads it; ` +
            '`zfs3backup reindex --stale` records what is there now.',
        ]),
    ...(tooLong.length === 0 ? [] : [`Names too long for a record beside them: ${renderNames(tooLong)}.`]),
  ];
}

export function reindexJson({ store, steps, recorded, stale, tooLong }: ReindexReport): object {
  return {
    store,
    steps: steps.map((step) => ({ do: step.do, name: step.name, key: step.key })),
    recorded,
    stale,
    tooLong,
  };
}
