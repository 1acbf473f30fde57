import type { VerifyPlanReport, VerifyResult } from '../verify.ts';
import { summaryJson } from './render-json.ts';

/* As docs/json.md has it: see render-json.ts. */

export function verifyPlanJson({ store, level, sample, plan }: VerifyPlanReport): object {
  return {
    store,
    level,
    sample: sample ? { fraction: sample.fraction, seed: sample.seed } : null,
    items: plan.items.map(({ entry: { backup }, level: each }) => ({
      name: `${backup.dataset}@${backup.snapshot}`,
      key: backup.key,
      level: each,
      storedBytes: backup.storedBytes,
    })),
    lost: plan.lost.map(({ dataset, snapshot }) => `${dataset}@${snapshot}`),
  };
}

export function verifyJson({ store, level, sample, backups, notes, summary }: VerifyResult): object {
  const count = (wanted: string) => backups.filter(({ verdict }) => verdict === wanted).length;
  return {
    store,
    level,
    sample: sample ? { fraction: sample.fraction, seed: sample.seed } : null,
    backups: backups.map((backup) => ({
      name: `${backup.dataset}@${backup.snapshot}`,
      key: backup.key,
      kind: backup.kind ?? null,
      parent: backup.parent ?? null,
      storedBytes: backup.storedBytes,
      recorded: backup.isRecorded,
      level: backup.level,
      verdict: backup.verdict,
      reason: backup.reason ?? null,
      findings: backup.findings.map(({ kind, message, part }) => ({
        kind,
        message,
        part: part ? { number: part.number, first: part.first, last: part.last } : null,
      })),
      notes: backup.notes,
      error: backup.notVerified
        ? { code: backup.notVerified.code, message: backup.notVerified.message }
        : null,
    })),
    notes,
    counts: {
      ok: count('ok'),
      damaged: count('damaged'),
      notRestorable: count('not restorable'),
      notVerified: count('not verified'),
    },
    summary: summaryJson(summary),
  };
}
