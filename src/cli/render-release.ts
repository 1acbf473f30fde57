import type { ReleasePlanReport } from '../release.ts';
import { renderCommand } from '../shell-words.ts';
import { escapeName } from './render-text.ts';

/** The commands that would run. */
export function renderReleasePlan(plan: ReleasePlanReport): string {
  if (plan.steps.length === 0) return renderRelease(plan);
  const lines = plan.commands.map((command) => `   ${renderCommand(command)}`);
  return `${['Would run:', ...lines].join('\n')}\n`;
}

/** A line for each mark that went. */
export function renderRelease({ dataset, store, steps }: ReleasePlanReport): string {
  if (steps.length === 0) {
    return `Nothing of ${escapeName(dataset)} is held or bookmarked for ${store === null ? 'any store' : escapeName(store)}.\n`;
  }
  const lines = steps.map((step) =>
    step.do === 'drop bookmark'
      ? `dropped the bookmark ${escapeName(`${dataset}#${step.bookmark}`)}`
      : `released ${escapeName(`${dataset}@${step.snapshot}`)}`,
  );
  return `${lines.join('\n')}\n`;
}

export function releaseJson({ dataset, store, steps, commands }: ReleasePlanReport): object {
  return {
    dataset,
    store,
    released: steps.flatMap((step) => (step.do === 'release' ? [step.snapshot] : [])),
    bookmarks: steps.flatMap((step) => (step.do === 'drop bookmark' ? [step.bookmark] : [])),
    commands,
  };
}
