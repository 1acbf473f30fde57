import type { Backup } from '../../src/lineage/backup.ts';
import type { Conflict } from '../../src/lineage/conflicts.ts';
import type { MarkStep } from '../../src/lineage/marks.ts';
import type { BackupPlan } from '../../src/lineage/plan-backup.ts';
import { bookmarkPrefix } from '../../src/lineage/plan-marks.ts';
import type { RestorePlan } from '../../src/lineage/plan-restore.ts';
import { encodeSendFlags } from '../../src/lineage/send-flags.ts';
import { isBookmark } from '../../src/lineage/snapshot.ts';
import { assembleStatus } from '../../src/lineage/status.ts';
import { type Situation, STORE_ID } from './situation.ts';

export function writeStatus({ lineage, local, marks, snapshotPrefix }: Situation): string {
  const side = local ? 'read' : 'no dataset';
  const facts = { lineage, side, snapshots: local ?? [], snapshotPrefix, marks, storeId: STORE_ID } as const;
  const { snapshots } = assembleStatus(facts);
  const places = { ok: 'here', missing: 'gone', 'other snapshot': 'other here' };
  return snapshots
    .map(({ name, parent, type, health, local: place, localName, held, bookmarked }) =>
      [
        type === 'incremental' ? `${name}<${parent ?? '?'}` : `${name}(${type})`,
        ...(health === null || health === 'ok' ? [] : [health]),
        (place === null ? 'unknown' : places[place]) + (localName === null ? '' : ` as ${localName}`),
        ...(held ? ['held'] : []),
        ...(bookmarked ? ['bookmark'] : []),
      ].join(' '),
    )
    .join(', ');
}

export function writeBackup({ kind, snapshot, parent }: Backup): string {
  return kind === 'full' ? `full ${snapshot}` : `${snapshot}<${parent ?? '?'}`;
}

export function writeBackupPlan(plan: BackupPlan | Conflict): string {
  if (plan.kind !== 'plan') return writeConflict(plan);
  const flags = plan.steps.map((step) => step.flags);
  const pinned = flags.some(({ format }) => format.length > 0)
    ? ` with ${[...new Set(flags.map(({ format }) => encodeSendFlags(format)))].join(' and ')}`
    : '';
  const steps = plan.steps.map(({ kind, snapshot, parent, parentName, after }) => {
    const marks = after.length === 0 ? '' : ` ${writeMarks(after)}`;
    if (kind === 'full') return `full ${snapshot.name}${marks}`;
    const from = isBookmark(parent) ? `#${shortName(parent.name)}` : parent?.name;
    const renamed = parentName === parent?.name ? '' : ` (stored as ${parentName})`;
    return `${snapshot.name}<${from}${renamed}${marks}`;
  });
  const before = plan.before.length === 0 ? '' : `${writeMarks(plan.before)} `;
  return `${before}${steps.join(', ') || 'nothing'}${pinned}`;
}

function writeMarks(steps: readonly MarkStep[]): string {
  const words = steps.map((step) => {
    if (step.do === 'bookmark') {
      const name = shortName(step.bookmark);
      return `+#${name}${name === `ours:${step.snapshot}` ? '' : `=${step.snapshot}`}`;
    }
    if (step.do === 'drop bookmark') return `-#${shortName(step.bookmark)}`;
    return `${step.do === 'hold' ? '+' : '-'}!${step.snapshot}`;
  });
  return `[${words.join(' ')}]`;
}

function shortName(bookmark: string): string {
  const prefix = bookmarkPrefix(STORE_ID);
  return bookmark.startsWith(prefix) ? `ours:${bookmark.slice(prefix.length)}` : bookmark;
}

export function writeRestorePlan(plan: RestorePlan | Conflict): string {
  if (plan.kind !== 'plan') return writeConflict(plan);
  const { base, steps, force, losses, drops, continues, marks } = plan;
  const unmarked = marks.length === 0 ? '' : `${writeMarks(marks)} `;
  const before = `${drops ? 'drop, ' : ''}${unmarked}${continues ? 'go on with ' : ''}`;
  if (steps.length === 0) return `${before}nothing`;
  const from = `${before}${base === undefined ? '' : `on ${base.name}: `}`;
  const lost = losses.length > 0 ? `, losing ${losses.join(' and ')}` : '';
  return `${from}${steps.map(writeBackup).join(', ')}${force ? ' -F' : ''}${lost}`;
}

export function writeConflict(conflict: Conflict): string {
  switch (conflict.kind) {
    case 'no-snapshot-with-prefix':
      return `no prefix ${conflict.snapshotPrefix || '(empty)'}`;
    case 'no-such-snapshot':
    case 'no-such-backup':
      return `unknown ${conflict.asked}`;
    case 'ambiguous-name':
      return `ambiguous ${conflict.candidates.join(' ')}`;
    case 'other-dataset':
      return 'other dataset';
    case 'no-common-snapshot':
      return 'nothing in common';
    case 'broken-chain': {
      const { snapshot, health, culprit } = conflict;
      return `broken ${snapshot} (${health}) at ${culprit.backup.snapshot} (${culprit.health})`;
    }
    case 'same-name-other-snapshot':
      return `another ${conflict.local.name}`;
    case 'send-flags-changed':
      return `flags changed since ${conflict.base}`;
    case 'backup-exists':
      return `exists ${conflict.entry.backup.snapshot} (${conflict.entry.health})`;
    case 'would-lose-data': {
      const { base, losses } = conflict;
      const what = losses.everything ? ['everything'] : losses.snapshots.map(({ name }) => name);
      const bytes = losses.writtenBytes === undefined ? ['? bytes'] : [`${losses.writtenBytes} bytes`];
      const written = losses.writtenBytes === 0 ? [] : bytes;
      return `would lose ${[...what, ...written].join(' ')}${base ? ` after ${base.name}` : ''}`;
    }
    case 'nothing-to-choose': {
      const { oldest, broken } = conflict;
      return `nothing to choose${oldest ? `, oldest ${oldest.snapshot}` : ''}${broken ? `, ${broken} broken` : ''}`;
    }
    case 'partial-in-the-way':
      return 'partial in the way';
    case 'target-conflict':
      return `target has ${conflict.present.join(' ')}`;
  }
}
