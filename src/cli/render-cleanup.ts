import type { CleanupItem, CleanupPlanReport, CleanupResult } from '../cleanup.ts';
import { type Column, renderTable } from './render-table.ts';
import { escapeName, renderCount, renderDate, renderSize } from './render-text.ts';

const COLUMNS: readonly Column[] = [
  { title: 'WHAT', align: 'left' },
  { title: 'NAME', align: 'left' },
  { title: 'SINCE', align: 'left' },
  { title: 'SIZE', align: 'right' },
  { title: 'ACTION', align: 'left' },
  { title: 'REASON', align: 'left' },
];

/** All that was found, and what would become of it. */
export function renderCleanupPlan({ store, items }: CleanupPlanReport): string {
  if (items.length === 0) return nothingLeft(store);
  const doomed = items.filter(({ action }) => action === 'drop');
  return `${table(items)}\n\nWould drop ${sumOf(doomed)} from ${escapeName(store)}.\n`;
}

export function renderCleanupResult({ store, dropped, left }: CleanupResult): string {
  if (dropped.length === 0 && left.length === 0) return nothingLeft(store);
  const rest = left.length === 0 ? '' : `; left ${renderCount(left.length, 'thing')} alone`;
  return `${table([...dropped, ...left])}\n\nDropped ${sumOf(dropped)} from ${escapeName(store)}${rest}.\n`;
}

function nothingLeft(store: string): string {
  return `Nothing is left over in ${escapeName(store)}.\n`;
}

function table(items: readonly CleanupItem[]): string {
  const rows = items.map(({ what, name, since, bytes, action, reason }) =>
    [
      what,
      escapeName(name),
      Number.isNaN(since.getTime()) ? '-' : renderDate(since),
      bytes === undefined ? '-' : renderSize(bytes),
      action,
      escapeName(reason),
    ].map((text) => ({ text })),
  );
  return renderTable(COLUMNS, rows);
}

const MANY: Readonly<Record<CleanupItem['what'], string>> = {
  upload: 'open upload',
  note: 'note',
  record: 'record',
  file: 'file',
};

function sumOf(items: readonly CleanupItem[]): string {
  if (items.length === 0) return 'nothing';
  const counts = Object.entries(MANY).flatMap(([what, word]) => {
    const count = items.filter((item) => item.what === what).length;
    return count === 0 ? [] : [renderCount(count, word)];
  });
  const bytes = items.reduce((sum, item) => sum + (item.bytes ?? 0), 0);
  return `${counts.join(', ')} (${renderSize(bytes)})`;
}

export function cleanupPlanJson({ store, items }: CleanupPlanReport): object {
  return { store, items: items.map(itemJson) };
}

export function cleanupJson({ store, dropped, left }: CleanupResult): object {
  return { store, dropped: dropped.map(itemJson), left: left.map(itemJson) };
}

function itemJson({ what, name, uploadId, action, reason, since, bytes }: CleanupItem): object {
  return {
    what,
    name,
    uploadId: uploadId ?? null,
    action,
    reason,
    since: Number.isNaN(since.getTime()) ? null : since.toISOString(),
    bytes: bytes ?? null,
  };
}
