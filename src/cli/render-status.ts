import type { StatusReport, StatusRow, StoreStatusReport, StoreStatusRow } from '../status.ts';
import { placeOf } from '../store/place-of.ts';
import { type Cell, type Column, renderTable } from './render-table.ts';
import { escapeName, renderCount, renderDate, renderNames, renderSize } from './render-text.ts';
import type { Style } from './style.ts';

const SNAPSHOT_COLUMNS: readonly Column[] = [
  { title: 'NAME', align: 'left' },
  { title: 'PARENT', align: 'left' },
  { title: 'TYPE', align: 'left' },
  { title: 'HEALTH', align: 'left' },
  { title: 'LOCAL STATE', align: 'left' },
  { title: 'SIZE', align: 'right' },
  { title: 'STORED', align: 'right' },
  { title: 'DATE', align: 'left' },
];

const DATASET_COLUMNS: readonly Column[] = [
  { title: 'DATASET', align: 'left' },
  { title: 'BACKUPS', align: 'right' },
  { title: 'STORED', align: 'right' },
  { title: 'NEWEST', align: 'left' },
  { title: 'DATE', align: 'left' },
  { title: 'LOCAL STATE', align: 'left' },
  { title: 'BROKEN', align: 'right' },
];

/** The table of one dataset's snapshots and a line that sums up. */
export function renderStatus(report: StatusReport, style: Style): string {
  const summary = renderSummary(report, style);
  if (report.snapshots.length === 0) return `${summary}\n`;
  const rows = report.snapshots.map((row) => snapshotCells(row, style));
  return `${renderTable(SNAPSHOT_COLUMNS, rows)}\n\n${summary}\n`;
}

function snapshotCells(row: StatusRow, style: Style): readonly Cell[] {
  return [
    { text: escapeName(row.name) },
    { text: row.parent === null ? '-' : escapeName(row.parent) },
    { text: row.type, ...(row.type === 'missing' ? { paint: style.yellow } : {}) },
    healthCell(row, style),
    localCell(row, style),
    { text: sizeText(row.streamBytes) },
    { text: sizeText(row.storedBytes) },
    { text: dateText(row.createdAt) },
  ];
}

function healthCell({ health }: StatusRow, style: Style): Cell {
  if (health === null) return { text: '-' };
  return { text: health, paint: health === 'ok' ? style.green : style.red };
}

function localCell({ local, localName, held, bookmarked }: StatusRow, style: Style): Cell {
  const text = [
    localName === null ? (local ?? '-') : `${local} as ${escapeName(localName)}`,
    ...(held ? ['held'] : []),
    ...(bookmarked ? ['bookmark'] : []),
  ].join(', ');
  return { text, ...(local === 'other snapshot' ? { paint: style.red } : {}) };
}

function renderSummary(report: StatusReport, style: Style): string {
  const { backups, storedBytes, broken } = report.summary;
  const faults = broken.length === 0 ? 'nothing is broken' : style.red(`broken: ${renderNames(broken)}`);
  const head = `${escapeName(report.dataset)} in ${renderPlace(report)}: ${renderCount(backups, 'backup')}`;
  const line = `${head}, ${renderSize(storedBytes)}; ${renderLeft(report, style)}; ${faults}.`;
  return [line, ...renderRemarks(report, style)].join(' ');
}

/** What is left to back up: never claimed of a machine that was not read. */
function renderLeft(report: StatusReport, style: Style): string {
  const { matching, notBackedUp, passedOver, leftOut } = report.summary;
  if (notBackedUp === null || passedOver === null || leftOut === null)
    return `what is left to back up is not known: ${whyNotKnown(report)}`;
  const toStore = notBackedUp.slice(passedOver.length);
  const leftAside = [
    ...(passedOver.length === 0 ? [] : [`${passedOver.length} older than the newest backup`]),
    ...(leftOut === 0 ? [] : [`${renderCount(leftOut, 'snapshot')} without the prefix`]),
  ];
  const others = leftAside.length === 0 ? '' : ` (${leftAside.join(' and ')} left out)`;
  if (matching === 0) return style.yellow(noSnapshot(report)) + others;
  if (toStore.length === 0) return `nothing is left to back up${others}`;
  return style.yellow(`not backed up yet: ${renderNames(toStore)}`) + others;
}

function whyNotKnown({ dataset, localSide }: StatusReport): string {
  const name = escapeName(dataset);
  if (localSide === 'no source') return 'no ZFS works here';
  if (localSide === 'unreadable') return `${name} could not be read here`;
  return localSide === 'no dataset' ? `this machine does not have ${name}` : 'nobody looked at this machine';
}

function noSnapshot({ dataset, snapshotPrefix }: StatusReport): string {
  const name = escapeName(dataset);
  return snapshotPrefix === ''
    ? `${name} has no snapshot here`
    : `no snapshot of ${name} has the prefix ${escapeName(snapshotPrefix)}`;
}

function renderPlace({ store, prefix }: Pick<StatusReport, 'store' | 'prefix'>): string {
  return escapeName(placeOf({ url: store, prefix }));
}

/** What a person should know besides; most often nothing. */
function renderRemarks({ summary, uncovered, storedAs }: StatusReport, style: Style): readonly string[] {
  const { staleRecords, otherSnapshots } = summary;
  const remarks: string[] = [];
  if (staleRecords.length > 0) {
    const reads = '`zfs3backup verify --level 2` reads it';
    remarks.push(style.yellow(`Not the object that was recorded: ${renderNames(staleRecords)}; ${reads}.`));
  }
  if (otherSnapshots.length > 0) {
    remarks.push(style.red(`Another snapshot has the same name here: ${renderNames(otherSnapshots)}.`));
  }
  if (uncovered.length > 0) {
    remarks.push(style.yellow(`In no backup, and in no section: ${renderNames(uncovered)}.`));
  }
  if (storedAs.length > 0) {
    const names = renderNames(storedAs.map((known) => known.dataset));
    remarks.push(style.yellow(`The store has these snapshots under another name of the dataset: ${names}.`));
  }
  return remarks;
}

/** One line for each dataset that the store has backups of. */
export function renderStoreStatus(report: StoreStatusReport, style: Style): string {
  const { datasets } = report;
  if (datasets.length === 0) return `${renderPlace(report)} has no backups yet.\n`;
  const rows = datasets.map((row) => datasetCells(row, style));
  const backups = datasets.reduce((sum, row) => sum + row.backups, 0);
  const bytes = datasets.reduce((sum, row) => sum + row.storedBytes, 0);
  const broken = datasets.reduce((sum, row) => sum + row.broken, 0);
  const stale = datasets.filter(({ staleRecords }) => staleRecords > 0).map(({ dataset }) => dataset);
  const faults = broken === 0 ? 'nothing is broken' : style.red(`${renderCount(broken, 'backup')} broken`);
  const remark =
    stale.length === 0
      ? ''
      : style.yellow(` Datasets with an object that is not the recorded one: ${renderNames(stale)}.`);
  const head = `${renderPlace(report)}: ${renderCount(datasets.length, 'dataset')}, ${renderCount(backups, 'backup')}`;
  return `${renderTable(DATASET_COLUMNS, rows)}\n\n${head}, ${renderSize(bytes)}; ${faults}.${remark}\n`;
}

function datasetCells(row: StoreStatusRow, style: Style): readonly Cell[] {
  return [
    { text: escapeName(row.dataset) },
    { text: String(row.backups) },
    { text: renderSize(row.storedBytes) },
    { text: escapeName(row.newest) },
    { text: dateText(row.newestAt) },
    { text: row.local ?? '-' },
    { text: String(row.broken), ...(row.broken > 0 ? { paint: style.red } : {}) },
  ];
}

function sizeText(bytes: number | null): string {
  return bytes === null ? '-' : renderSize(bytes);
}

function dateText(iso: string | null): string {
  return iso === null ? '-' : renderDate(new Date(iso));
}
