import type { DeletionItem, DeletionReport, DeletionResult } from '../prune.ts';
import { type Cell, type Column, renderTable } from './render-table.ts';
import { escapeName, renderCount, renderDate, renderSize } from './render-text.ts';
import type { Style } from './style.ts';

const COLUMNS: readonly Column[] = [
  { title: 'NAME', align: 'left' },
  { title: 'TYPE', align: 'left' },
  { title: 'TAKEN', align: 'left' },
  { title: 'STORED', align: 'right' },
  { title: 'ACTION', align: 'left' },
  { title: 'REASON', align: 'left' },
];

/** Every backup with what becomes of it and why, and what a person should know first. */
export function renderDeletionPlan(report: DeletionReport, style: Style): string {
  const { dataset, store, items, deletions, warnings } = report;
  if (items.length === 0) return `${escapeName(store)} has no backups of ${escapeName(dataset)}.\n`;
  const rows = items.map((item) => cellsOf(item, style));
  const notes = warnings.map((warning) => `${style.yellow('Note:')} ${escapeName(warning)}\n`).join('');
  const count = items.length - deletions.length;
  const kept = renderCount(count, 'backup');
  const stay = count === 1 ? 'stays' : 'stay';
  const sum =
    deletions.length === 0
      ? `Nothing to delete: ${kept} of ${escapeName(dataset)} in ${escapeName(store)} ${stay}.`
      : `${sumOf(report)} would go, ${kept} ${stay}.`;
  return `${renderTable(COLUMNS, rows)}\n\n${notes}${sum}\n`;
}

/** Only what goes: nobody reads a table of all that was not named. */
export function renderNamedDeletions(report: DeletionReport, style: Style): string {
  const items = report.items.filter(({ action }) => action === 'delete');
  const notes = report.warnings
    .map((warning) => `${style.yellow('Note:')} ${escapeName(warning)}\n`)
    .join('');
  const rows = items.map((item) => cellsOf(item, style));
  return `${renderTable(COLUMNS, rows)}\n\n${notes}${sumOf(report)} would go.\n`;
}

function cellsOf({ entry, action, reasons }: DeletionItem, style: Style): readonly Cell[] {
  const { snapshot, kind, storedBytes } = entry.backup;
  return [
    { text: escapeName(snapshot) },
    { text: kind },
    { text: takenOf(entry.backup) },
    { text: renderSize(storedBytes) },
    { text: action, ...(action === 'delete' ? { paint: style.yellow } : {}) },
    { text: escapeName(reasons.join('; ')) },
  ];
}

function takenOf({ snapshotCreatedAt, storedAt }: DeletionItem['entry']['backup']): string {
  const date = snapshotCreatedAt ?? storedAt;
  return Number.isNaN(date.getTime()) ? '-' : renderDate(date);
}

function sumOf({ dataset, store, deletions }: DeletionReport): string {
  const bytes = deletions.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
  const what = `${renderCount(deletions.length, 'backup')} (${renderSize(bytes)})`;
  return `${what} of ${escapeName(dataset)} in ${escapeName(store)}`;
}

/** What a person is asked; the answer yes deletes. */
export function deletionQuestion(report: DeletionReport): string {
  return `Delete ${sumOf(report)}?`;
}

export function renderDeletionResult(result: DeletionResult): string {
  const { dataset, store, deleted, spared, storedBytes } = result;
  const kept = spared.map(
    ({ name, reasons }) => `kept ${escapeName(name)} after all: ${escapeName(reasons.join('; '))}\n`,
  );
  const what =
    deleted.length === 0
      ? 'Nothing was deleted'
      : `Deleted ${renderCount(deleted.length, 'backup')} (${renderSize(storedBytes)})`;
  return `${kept.join('')}${what} of ${escapeName(dataset)} in ${escapeName(store)}.\n`;
}

export function deletionPlanJson({ dataset, store, items, deletions, warnings }: DeletionReport): object {
  return {
    dataset,
    store,
    warnings,
    items: items.map(itemJson),
    deletions: deletions.map(({ snapshot }) => `${dataset}@${snapshot}`),
  };
}

function itemJson({ entry: { backup, health }, action, reasons }: DeletionItem): object {
  const date = backup.snapshotCreatedAt ?? backup.storedAt;
  return {
    name: `${backup.dataset}@${backup.snapshot}`,
    key: backup.key,
    kind: backup.kind,
    parent: backup.parent ?? null,
    health,
    storedBytes: backup.storedBytes,
    createdAt: Number.isNaN(date.getTime()) ? null : date.toISOString(),
    action,
    reasons,
  };
}

export function deletionJson({ dataset, store, deleted, spared, storedBytes }: DeletionResult): object {
  return {
    dataset,
    store,
    deleted: deleted.map(({ name, key, storedBytes: bytes }) => ({ name, key, storedBytes: bytes })),
    spared: spared.map(({ name, reasons }) => ({ name, reasons })),
    storedBytes,
  };
}
