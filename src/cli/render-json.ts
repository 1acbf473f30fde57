import type { BackupPlanReport, BackupResult } from '../backup.ts';
import { Zfs3BackupError } from '../errors.ts';
import type { StreamFacts } from '../inspect/stream-inspector.ts';
import type { RestorePlanReport, RestoreResult } from '../restore.ts';
import type { StatusReport, StoreStatusReport } from '../status.ts';
import type { Summary } from '../summary.ts';
import { ratioOf } from './render-summary.ts';
import { escapeJson } from './render-text.ts';

/*
 * The objects of docs/json.md: a promise to scripts. Each is put together by hand, so that a field that a verb
 * gains or renames does not change what scripts read.
 */

export function printJson(value: object): string {
  return `${escapeJson(JSON.stringify(value, null, 2))}\n`;
}

export function statusJson({
  dataset,
  store,
  prefix,
  snapshotPrefix,
  localSide,
  snapshots,
  summary,
  uncovered,
  storedAs,
}: StatusReport): object {
  return {
    dataset,
    store,
    prefix,
    snapshotPrefix,
    localSide,
    snapshots: snapshots.map((row) => ({
      name: row.name,
      parent: row.parent,
      type: row.type,
      health: row.health,
      local: row.local,
      streamBytes: row.streamBytes,
      storedBytes: row.storedBytes,
      createdAt: row.createdAt,
      record: row.record,
      localName: row.localName,
      held: row.held,
      bookmarked: row.bookmarked,
    })),
    summary: {
      backups: summary.backups,
      storedBytes: summary.storedBytes,
      matching: summary.matching,
      notBackedUp: summary.notBackedUp,
      passedOver: summary.passedOver,
      leftOut: summary.leftOut,
      broken: summary.broken,
      staleRecords: summary.staleRecords,
      otherSnapshots: summary.otherSnapshots,
    },
    uncovered,
    storedAs: storedAs.map((known) => known.dataset),
  };
}

export function storeStatusJson({ store, prefix, datasets }: StoreStatusReport): object {
  return {
    store,
    prefix,
    datasets: datasets.map((row) => ({
      dataset: row.dataset,
      backups: row.backups,
      storedBytes: row.storedBytes,
      newest: row.newest,
      newestAt: row.newestAt,
      broken: row.broken,
      staleRecords: row.staleRecords,
      local: row.local,
    })),
  };
}

export function backupPlanJson({ dataset, store, notes, before, steps }: BackupPlanReport): object {
  return {
    dataset,
    store,
    notes,
    before,
    steps: steps.map(({ step, key, estimate, partBytes, pipeline, after }) => ({
      name: `${step.dataset}@${step.snapshot.name}`,
      key,
      kind: step.kind,
      parent: step.parent?.name ?? null,
      estimate: estimate ?? null,
      partBytes,
      pipeline,
      after,
    })),
  };
}

/** With what ended it before all was stored, if something did. */
export function backupJson(result: BackupResult, failure?: { readonly error: unknown }): object {
  const { dataset, store, notes, backups, summary } = result;
  return {
    dataset,
    store,
    notes,
    backups: backups.map((stored) => ({
      name: stored.name,
      key: stored.key,
      kind: stored.kind,
      parent: stored.parent,
      streamBytes: stored.streamBytes,
      storedBytes: stored.storedBytes,
      parts: stored.parts,
      skippedParts: stored.skippedParts,
      partBytes: stored.partBytes,
      etag: stored.etag ?? null,
      seconds: roundSeconds(stored.seconds),
      retries: stored.retries,
      skippedBytes: stored.skippedBytes,
    })),
    summary: summaryJson(summary),
    error: failure ? errorJson(failure.error) : null,
  };
}

export function errorJson(error: unknown): object {
  const message = error instanceof Error ? error.message : String(error);
  return { code: error instanceof Zfs3BackupError ? error.code : null, message };
}

export function restorePlanJson(plan: RestorePlanReport): object {
  const { dataset, snapshot, store, target, notes, losses, drops, steps, storedBytes, streamBytes } = plan;
  return {
    dataset,
    snapshot,
    store,
    target,
    notes,
    losses,
    drops: drops ? (drops.name ?? '') : null,
    storedBytes,
    streamBytes: streamBytes ?? null,
    steps: steps.map(({ backup, receive, before, pipeline }) => ({
      name: `${receive.target}@${receive.snapshot}`,
      key: backup.key,
      kind: backup.kind,
      parent: backup.parent ?? null,
      storedBytes: backup.storedBytes,
      continues: receive.continues !== undefined,
      before,
      pipeline,
    })),
  };
}

export function restoreJson({ dataset, store, target, notes, received, summary }: RestoreResult): object {
  return {
    dataset,
    store,
    target,
    notes,
    received: received.map(({ name, streamBytes, storedBytes, seconds, retries }) => ({
      name,
      streamBytes,
      storedBytes,
      seconds: roundSeconds(seconds),
      retries,
    })),
    summary: summaryJson(summary),
  };
}

/** Of a backup, a restore, and a summary event. */
export function summaryJson(summary: Summary) {
  const { streamBytes, storedBytes, seconds, requests, retries, skippedParts, skippedBytes } = summary;
  return {
    streamBytes,
    storedBytes,
    ratio: ratioOf(summary),
    seconds: roundSeconds(seconds),
    bytesPerSecond: seconds > 0 ? Math.round(streamBytes / seconds) : 0,
    requests: requests ?? null,
    retries,
    skippedParts,
    skippedBytes,
  };
}

export interface PutReport {
  readonly key: string;
  readonly etag: string | undefined;
  readonly storedBytes: number;
  readonly parts: number;
  readonly skippedParts: number;
  readonly partBytes: number;
  readonly seconds: number;
  readonly summary: Summary;
  readonly stream: StreamFacts | undefined;
}

/** To milliseconds: what is behind them is noise. */
export function roundSeconds(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

/** z3's line, to the space: scripts compare it as text. */
export function renderPutLine({ etag }: Pick<PutReport, 'etag'>): string {
  return renderLine({ status: 'success', etag: etag ?? '' });
}

/** The same line, with more behind it. */
export function renderPutJson(report: PutReport): string {
  const { key, etag, storedBytes, parts, skippedParts, partBytes, seconds, summary, stream } = report;
  const { bytesPerSecond, requests, retries, skippedBytes } = summaryJson(summary);
  const status = { status: 'success', etag: etag ?? '' };
  const sizes = { bytes: storedBytes, parts, skippedParts, partSize: partBytes };
  const more = { bytesPerSecond, requests, retries, skippedBytes, stream: stream?.kind ?? null };
  return renderLine({ ...status, key, ...sizes, seconds: roundSeconds(seconds), ...more });
}

function renderLine(fields: Readonly<Record<string, string | number | null>>): string {
  const members = Object.entries(fields).map(
    ([name, value]) => `"${name}": ${escapeJson(JSON.stringify(value))}`,
  );
  return `{${members.join(', ')}}\n`;
}
