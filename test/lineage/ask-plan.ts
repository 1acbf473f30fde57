import type { BackupChoice } from '../../src/lineage/choose-backup.ts';
import { planBackup } from '../../src/lineage/plan-backup.ts';
import { planRestore } from '../../src/lineage/plan-restore.ts';
import { DATASET, HOUR, type Situation, STORE_ID } from './situation.ts';

export function askBackup({ lineage, local, marks, flags, snapshotPrefix, question }: Situation) {
  const named = question.indexOf('--snapshot');
  const markSettings = {
    storeId: STORE_ID,
    bookmarks: !question.includes('--no-bookmarks'),
    holds: !question.includes('--no-holds'),
  };
  return planBackup({
    dataset: DATASET,
    snapshots: local ?? [],
    marks,
    flags,
    ...(question.includes('--marks') ? { markSettings } : {}),
    lineage,
    snapshotPrefix,
    mode: question.includes('--full') ? 'full' : question.includes('--incremental') ? 'incremental' : 'auto',
    history: question.includes('--history'),
    target: named < 0 ? undefined : question[named + 1],
  });
}

function parseChoice(question: readonly string[]): BackupChoice {
  const [, name = '', hour] = question;
  if (name === '--latest') return { by: 'latest' };
  return name === '--before' ? { by: 'before', time: new Date(Number(hour) * HOUR) } : { by: 'name', name };
}

export function askRestore({ lineage, local, target, snapshotPrefix, question }: Situation) {
  return planRestore({
    lineage,
    choice: parseChoice(question),
    snapshotPrefix,
    takenAt: new Map((local ?? []).map(({ guid, createdAt }) => [guid, createdAt])),
    target: { name: DATASET, state: target },
    original: true,
    force: question.includes('--force'),
    abortPartial: question.includes('--abort-partial'),
  });
}
