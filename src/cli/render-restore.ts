import type { PlannedRestore, RestorePlanReport, RestoreResult } from '../restore.ts';
import { renderPipeline } from './render-shell.ts';
import { escapeName, escapeText, renderCount, renderRate, renderSeconds, renderSize } from './render-text.ts';
import type { Style } from './style.ts';

/** The numbered steps that would run, what would be lost, and under each step what a person would type for it. */
export function renderRestorePlan(plan: RestorePlanReport, style: Style): string {
  const { steps, target } = plan;
  const notes = plan.notes.map((note) => escapeText(note));
  const losses = plan.losses.map((loss) => `${style.red('would be lost:')} ${escapeText(loss)}`);
  if (steps.length === 0) return nothingToDo(plan);
  const bytes = steps.reduce((sum, { backup }) => sum + backup.storedBytes, 0);
  const head = `Would receive ${renderCount(steps.length, 'backup')} (${renderSize(bytes)} stored) from ${escapeName(plan.store)} into ${escapeName(target)}.`;
  const lines = steps.map((step, at) => renderPlanned(step, at + 1, style));
  return `${[...notes, ...losses, head, '', ...lines].join('\n')}\n`;
}

function renderPlanned({ backup, before, pipeline }: PlannedRestore, number: number, style: Style): string {
  const name = style.bold(escapeName(`${backup.dataset}@${backup.snapshot}`));
  const base = backup.parent ? ` on top of @${escapeName(backup.parent)}` : '';
  const commands = [...before.map((command) => [command]), pipeline];
  return [
    `${number}. ${backup.kind} ${name}${base}: ${renderSize(backup.storedBytes)} stored`,
    ...commands.map((each) => `   ${renderPipeline(each)}`),
  ].join('\n');
}

export function renderRestoreResult(result: RestoreResult): string {
  const { target, received } = result;
  if (received.length === 0) return nothingToDo(result);
  const lines = received.map(({ name, streamBytes, seconds }) => {
    const rate = renderRate(streamBytes, seconds);
    return `received ${escapeName(name)}: ${renderSize(streamBytes)}, ${renderSeconds(seconds)} at ${rate}`;
  });
  return `${[...lines, `${escapeName(target)} is restored.`].join('\n')}\n`;
}

/** The planner's own words say why, where it has any. */
function nothingToDo({ target, notes }: Pick<RestorePlanReport, 'target' | 'notes'>): string {
  const other = `Nothing to do: ${escapeName(target)} has the snapshot already.`;
  return `${notes.length === 0 ? other : notes.map(escapeText).join('\n')}\n`;
}
