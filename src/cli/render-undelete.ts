import type { DeletedBackupVersion } from '../reading/read-deleted.ts';
import type { UndeletePlanReport, UndeleteResult } from '../undelete.ts';
import { type Column, renderTable } from './render-table.ts';
import { escapeName, renderCount, renderDate, renderSize } from './render-text.ts';

const COLUMNS: readonly Column[] = [
  { title: 'DELETED BACKUP', align: 'left' },
  { title: 'TYPE', align: 'left' },
  { title: 'PARENT', align: 'left' },
  { title: 'STORED', align: 'right' },
  { title: 'DELETED', align: 'left' },
];

/** What `status --deleted` shows below the rest. */
export function renderDeleted(deleted: readonly DeletedBackupVersion[]): string {
  if (deleted.length === 0) return 'Nothing was deleted that could be brought back.\n';
  const rows = inOrder(deleted).map(({ backup, deletedAt }) =>
    [
      `${backup.dataset}@${backup.snapshot}`,
      backup.kind,
      backup.parent ?? '-',
      renderSize(backup.storedBytes),
      renderDate(deletedAt),
    ].map((text) => ({ text: escapeName(text) })),
  );
  const sum = `${renderCount(deleted.length, 'backup')} deleted but recoverable: \`zfs3backup undelete\` brings them back.`;
  return `${renderTable(COLUMNS, rows)}\n\n${sum}\n`;
}

export function deletedJson(deleted: readonly DeletedBackupVersion[]): object[] {
  return inOrder(deleted).map(({ backup, deletedAt }) => ({
    name: `${backup.dataset}@${backup.snapshot}`,
    key: backup.key,
    kind: backup.kind,
    parent: backup.parent ?? null,
    storedBytes: backup.storedBytes,
    storedAt: backup.storedAt.toISOString(),
    deletedAt: deletedAt.toISOString(),
  }));
}

function inOrder(deleted: readonly DeletedBackupVersion[]): readonly DeletedBackupVersion[] {
  return deleted.toSorted(
    ({ backup: a }, { backup: b }) =>
      (a.dataset < b.dataset ? -1 : a.dataset > b.dataset ? 1 : 0) ||
      a.storedAt.getTime() - b.storedAt.getTime(),
  );
}

export function renderUndeletePlan({ dataset, store, steps, notes }: UndeletePlanReport): string {
  const names = steps.map(({ snapshot }) => `${escapeName(`${dataset}@${snapshot}`)}\n`);
  const sum = `Would bring back ${renderCount(steps.length, 'backup')} in ${escapeName(store)}.\n`;
  return [...notes.map((note) => `${escapeName(note)}\n`), ...names, sum].join('');
}

export function renderUndeleted({ store, notes, restored }: UndeleteResult): string {
  const lines = restored.map((name) => `brought back ${escapeName(name)}\n`);
  const sum = restored.length === 0 ? `Nothing to bring back in ${escapeName(store)}.\n` : '';
  return [...notes.map((note) => `${escapeName(note)}\n`), ...lines, sum].join('');
}

export function undeletePlanJson({ dataset, store, notes, steps }: UndeletePlanReport): object {
  return { dataset, store, notes, steps: steps.map(({ snapshot }) => `${dataset}@${snapshot}`) };
}

export function undeletedJson({ dataset, store, notes, restored }: UndeleteResult): object {
  return { dataset, store, notes, restored };
}
