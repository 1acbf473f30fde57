import type { PlannedRestore, ReceivedBackup, RestorePlanReport, RestoreResult } from '../restore.ts';
import { renderPipeline } from '../shell-words.ts';
import { escapeName, escapeText, renderCount, renderRate, renderSeconds, renderSize } from './render-text.ts';
import type { Style } from './style.ts';

/** The numbered steps that would run, what would be lost, and under each step what a person would type for it. */
export function renderRestorePlan(plan: RestorePlanReport, style: Style): string {
  const { steps } = plan;
  if (steps.length === 0) return `${[...partialLines(plan, 'would be'), nothingToDo(plan)].join('\n')}`;
  const head = `Would receive ${outlineOf(plan)}`;
  const lines = steps.map((step, at) => renderPlanned(step, at + 1, style));
  return `${[...notesOf(plan), ...remarksOn(plan, 'would be', style), head, '', ...lines].join('\n')}\n`;
}

/** What is about to happen, before it is done or asked for. */
export function renderRestoreOutline(plan: RestorePlanReport, style: Style): string {
  const lines = [...notesOf(plan), `Receiving ${outlineOf(plan)}`, ...remarksOn(plan, 'will be', style)];
  return `${lines.join('\n')}\n`;
}

function outlineOf({ steps, storedBytes, streamBytes, store, target }: RestorePlanReport): string {
  const stream = streamBytes === undefined ? '' : `, ${renderSize(streamBytes)} of stream`;
  const bytes = `${renderSize(storedBytes)} stored${stream}`;
  return `${renderCount(steps.length, 'backup')} (${bytes}) from ${escapeName(store)} into ${escapeName(target)}.`;
}

/** What was chosen is the first thing that is said. */
function notesOf({ notes }: RestorePlanReport): readonly string[] {
  return notes.map((note) => escapeText(note));
}

function remarksOn(plan: RestorePlanReport, will: string, style: Style): readonly string[] {
  const partial = plan.steps[0]?.receive.continues;
  const goesOn =
    partial && `It goes on with what an interrupted receive left (${renderSize(partial.bytes)} of stream).`;
  return [
    ...(goesOn ? [goesOn] : []),
    ...partialLines(plan, will),
    ...plan.losses.map((loss) => `${style.red(`${will} lost:`)} ${escapeText(loss)}`),
  ];
}

function partialLines({ drops, target }: RestorePlanReport, will: string): readonly string[] {
  if (!drops) return [];
  const what = drops.name === undefined ? '' : ` of ${escapeName(drops.name)}`;
  return [
    `What an interrupted receive${what} left at ${escapeName(target)} (${renderSize(drops.bytes)} of stream) ${will} dropped.`,
  ];
}

function renderPlanned(planned: PlannedRestore, number: number, style: Style): string {
  const { backup, before, pipeline } = planned;
  const name = style.bold(escapeName(`${backup.dataset}@${backup.snapshot}`));
  const base = backup.parent ? ` on top of @${escapeName(backup.parent)}` : '';
  const commands = [...before.map((command) => [command]), pipeline];
  return [
    `${number}. ${backup.kind} ${name}${base}: ${renderSize(backup.storedBytes)} stored`,
    ...commands.map((each) => `   ${renderPipeline(each)}`),
  ].join('\n');
}

/** The line of one backup that has arrived. */
export function renderReceived({ name, streamBytes, seconds }: ReceivedBackup): string {
  const rate = renderRate(streamBytes, seconds);
  return `received ${escapeName(name)}: ${renderSize(streamBytes)}, ${renderSeconds(seconds)} at ${rate}\n`;
}

/** What is said when all have. */
export function renderRestoreResult(result: RestoreResult): string {
  const { target, received } = result;
  return received.length === 0 ? nothingToDo(result) : `${escapeName(target)} is restored.\n`;
}

/** The planner's own words say why, where it has any. */
function nothingToDo({ target, notes }: Pick<RestorePlanReport, 'target' | 'notes'>): string {
  const other = `Nothing to do: ${escapeName(target)} has the snapshot already.`;
  return `${notes.length === 0 ? other : notes.map(escapeText).join('\n')}\n`;
}
