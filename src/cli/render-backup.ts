import type { BackupPlanReport, PlannedBackup, StoredBackup } from '../backup.ts';
import { isBookmark } from '../lineage/snapshot.ts';
import { renderCommand, renderPipeline } from '../shell-words.ts';
import { escapeName, escapeText, renderCount, renderRate, renderSeconds, renderSize } from './render-text.ts';
import type { Style } from './style.ts';

/** The numbered steps that would run, and under each what a person would type for it. */
export function renderBackupPlan(plan: BackupPlanReport, style: Style): string {
  const { steps } = plan;
  const notes = plan.notes.map((note) => escapeText(note));
  const first = renderBefore(plan);
  if (steps.length === 0) return [...first, renderNothingToDo(plan)].join('\n');
  const estimates = steps.map(({ estimate }) => estimate);
  const known = estimates.filter((estimate) => estimate !== undefined);
  const total = known.reduce((sum, estimate) => sum + estimate, 0);
  const sum = known.length === estimates.length ? `, about ${renderSize(total)} before compression` : '';
  const head = `Would store ${renderCount(steps.length, 'backup')} of ${escapeName(plan.dataset)} in ${escapeName(plan.store)}${sum}.`;
  const lines = steps.map((step, at) => renderPlanned(step, at + 1, style));
  return `${[...notes, ...first, head, '', ...lines].join('\n')}\n`;
}

function renderBefore({ before }: BackupPlanReport): readonly string[] {
  if (before.length === 0) return [];
  return [
    'Would first make good what an earlier run did not:',
    ...before.map((command) => `   ${renderCommand(command)}`),
  ];
}

function renderPlanned(planned: PlannedBackup, number: number, style: Style): string {
  const { step, estimate, partBytes, pipeline, after } = planned;
  const base = step.parent ? ` on top of ${renderBase(step.parent)}` : '';
  const name = style.bold(escapeName(`${step.dataset}@${step.snapshot.name}`));
  const size = estimate === undefined ? 'no estimate' : `about ${renderSize(estimate)}`;
  return [
    `${number}. ${step.kind} ${name}${base}: ${size}, parts of ${renderSize(partBytes)}`,
    `   ${renderPipeline(pipeline)}`,
    ...after.map((command) => `   ${renderCommand(command)}`),
  ].join('\n');
}

function renderBase(parent: NonNullable<PlannedBackup['step']['parent']>): string {
  return `${isBookmark(parent) ? '#' : '@'}${escapeName(parent.name)}`;
}

/** One line without its end. */
export function renderStored(stored: StoredBackup): string {
  const facts = [
    stored.kind,
    stored.storedBytes === stored.streamBytes
      ? renderSize(stored.storedBytes)
      : `${renderSize(stored.streamBytes)} stored as ${renderSize(stored.storedBytes)}`,
    `${renderSeconds(stored.seconds)} at ${renderRate(stored.streamBytes, stored.seconds)}`,
    stored.retries > 0 ? renderCount(stored.retries, 'retry', 'retries') : '',
  ];
  return `stored ${escapeName(stored.name)}: ${facts.filter(Boolean).join(', ')}`;
}

/** The planner's own words say why, where it has any. */
export function renderNothingToDo({ dataset, notes }: Pick<BackupPlanReport, 'dataset' | 'notes'>): string {
  const other = `Nothing to do: the store has the backups of ${escapeName(dataset)} that were asked for.`;
  return `${notes.length === 0 ? other : notes.map(escapeText).join('\n')}\n`;
}

/** z3's lines for programs: name and stream bytes around a NUL; `-` where no estimate is to be had. */
export function renderParseable(
  sizes: ReadonlyArray<readonly [name: string, bytes: number | undefined]>,
): string {
  return sizes.map(([name, bytes]) => `${name}\0${bytes ?? '-'}\n`).join('');
}
