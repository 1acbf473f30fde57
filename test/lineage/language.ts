/**
 * The planners' one-line test language. A case is `situation | question → answer`:
 *
 *     local: @a,1 @b,2 | store: a(full) b<a | target: @a,1 | prefix: daily | backup --full → full b
 *
 * local    `@NAME,TXG` or `@NAME,TXG#GUID` (the guid is the txg where it is not given; taken at hour TXG), in any order
 * store    `NAME(full)`, `NAME<PARENT`, `NAME<?` (metadata silent on the parent), all with or without guids:
 *          `b,2<a,1`; `{key=value}` adds metadata; `~HOUR` is the time it was stored, by default after everything
 *          local, in the order of the list; `other/ds@NAME…` lies under another dataset
 * target   `none`, `empty`, or as local; `+BYTES` written since (`+?`: cannot be told)
 * question `health`, `chain NAME`, `status`, `backup [--full | --incremental] [--history] [--snapshot NAME]`,
 *          `restore NAME [--force]`
 */
import { describe, expect, it } from 'vitest';
import type { Backup, Lineage } from '../../src/lineage/backup.ts';
import type { Conflict } from '../../src/lineage/conflicts.ts';
import { backupKey } from '../../src/lineage/key.ts';
import { buildLineage, chainTo } from '../../src/lineage/lineage.ts';
import { decodeBackup } from '../../src/lineage/metadata.ts';
import { type BackupPlan, planBackup } from '../../src/lineage/plan-backup.ts';
import { planRestore, type RestorePlan, type TargetState } from '../../src/lineage/plan-restore.ts';
import type { Snapshot } from '../../src/lineage/snapshot.ts';
import { assembleStatus } from '../../src/lineage/status.ts';

export const DATASET = 'tank/a';
export const PREFIX = 'backups/';
const HOUR = 3_600_000;

/** One test for each line. */
export function cases(title: string, lines: readonly string[]): void {
  describe(title, () => {
    it.each(lines)('%s', (line) => {
      const { asked, expected } = splitCase(line);
      expect(answer(asked)).toBe(expected);
    });
  });
}

/** Splits a case in what is asked of the code and what it should answer. */
function splitCase(line: string): { readonly asked: string; readonly expected: string } {
  const [asked, expected, ...more] = line.split('→');
  if (asked === undefined || expected === undefined || more.length > 0)
    throw new Error(`not a case: ${line}`);
  return { asked, expected: expected.trim() };
}

export interface Situation {
  readonly local: readonly Snapshot[] | undefined;
  readonly lineage: Lineage;
  readonly target: TargetState | undefined;
  readonly snapshotPrefix: string;
  readonly question: readonly string[];
}

export function parseSituation(asked: string): Situation {
  const parts = asked.split('|').map((part) => part.trim());
  const question = parts.pop() ?? '';
  const sections = new Map<string, string[]>();
  for (const part of parts) {
    const [, name, words] = part.match(/^(local|store|target|prefix):\s*(.*)$/) ?? [];
    if (name === undefined || words === undefined) throw new Error(`not a section: ${part}`);
    sections.set(
      name,
      words.split(/\s+/).filter((word) => word !== '' && word !== '-'),
    );
  }
  return {
    local: sections.get('local')?.map(parseSnapshot),
    lineage: buildLineage(DATASET, (sections.get('store') ?? []).map(parseBackup)),
    target: parseTarget(sections.get('target') ?? ['none']),
    snapshotPrefix: sections.get('prefix')?.[0] ?? '',
    question: question.split(/\s+/),
  };
}

export function parseSnapshot(word: string): Snapshot {
  const [, name, txg, guid] = word.match(/^@([^,]+),(\d+)(?:#(\d+))?$/) ?? [];
  if (name === undefined || txg === undefined) throw new Error(`not a snapshot: ${word}`);
  return {
    name,
    guid: guid ?? txg,
    createtxg: txg,
    createdAt: new Date(Number(txg) * HOUR),
    referencedBytes: 1024,
  };
}

export function parseBackup(word: string, position = 0): Backup {
  const grammar = /^([^,<({~]+)(?:,(\d+))?(?:\((full)\)|<([^,{~]+)(?:,(\d+))?)?((?:\{[^}]*\})*)(?:~(\d+))?$/;
  const [whole, path, guid, full, parent, parentGuid, extra = '', hour] = word.match(grammar) ?? [];
  if (whole === undefined || path === undefined) throw new Error(`not a backup: ${word}`);
  const [dataset = '', name = ''] = path.includes('@') ? path.split('@') : [DATASET, path];
  const named = parent && parent !== '?' ? parent : undefined;
  const metadata: Record<string, string> = {
    size: '2048',
    compressor: 'zstd',
    ...(full ? { isfull: 'true' } : {}),
    ...(named ? { parent: named.includes('@') ? named : `${DATASET}@${named}` } : {}),
    ...(guid ? { guid } : {}),
    ...(parentGuid ? { 'parent-guid': parentGuid } : {}),
  };
  for (const [, key = '', value = ''] of extra.matchAll(/\{([^=}]+)=([^}]*)\}/g)) metadata[key] = value;
  const backup = decodeBackup(PREFIX, {
    key: backupKey(PREFIX, dataset, name),
    bytes: 100,
    etag: 'e',
    modifiedAt: new Date((hour === undefined ? 1_000_000 + position : Number(hour)) * HOUR),
    storageClass: undefined,
    metadata,
  });
  if (backup === undefined) throw new Error(`no backup's key: ${word}`);
  return backup;
}

function parseTarget(words: readonly string[]): TargetState | undefined {
  if (words[0] === 'none') return undefined;
  const written = words.find((word) => word.startsWith('+'))?.slice(1) ?? '0';
  return {
    snapshots: words.filter((word) => word.startsWith('@')).map(parseSnapshot),
    writtenBytes: written === '?' ? undefined : Number(written),
  };
}

/** Asks the code and writes its answer in the same language. */
export function answer(asked: string): string {
  const situation = parseSituation(asked);
  const { lineage, question } = situation;
  switch (question[0]) {
    case 'health':
      return lineage.entries.map(({ backup, health }) => `${backup.snapshot} ${health}`).join(', ');
    case 'chain': {
      const chain = chainTo(lineage, question[1] ?? '');
      return chain.kind === 'chain' ? chain.backups.map(writeBackup).join(', ') : writeConflict(chain);
    }
    case 'status':
      return writeStatus(situation);
    case 'backup':
      return writeBackupPlan(askBackup(situation));
    case 'restore':
      return writeRestorePlan(askRestore(situation));
    default:
      throw new Error(`not a question: ${question.join(' ')}`);
  }
}

export function askBackup({ lineage, local, snapshotPrefix, question }: Situation) {
  const named = question.indexOf('--snapshot');
  return planBackup({
    dataset: DATASET,
    snapshots: local ?? [],
    lineage,
    snapshotPrefix,
    mode: question.includes('--full') ? 'full' : question.includes('--incremental') ? 'incremental' : 'auto',
    history: question.includes('--history'),
    target: named < 0 ? undefined : question[named + 1],
  });
}

export function askRestore({ lineage, target, snapshotPrefix, question }: Situation) {
  return planRestore({
    lineage,
    snapshot: question[1] ?? '',
    snapshotPrefix,
    target: { name: DATASET, state: target },
    original: true,
    force: question.includes('--force'),
  });
}

function writeStatus({ lineage, local, snapshotPrefix }: Situation): string {
  const { snapshots } = assembleStatus({ lineage, snapshots: local ?? [], snapshotPrefix });
  const places = { ok: 'here', missing: 'gone' };
  return snapshots
    .map(({ name, parent, type, health, local: place }) =>
      [
        type === 'incremental' ? `${name}<${parent ?? '?'}` : `${name}(${type})`,
        ...(health === null || health === 'ok' ? [] : [health]),
        places[place],
      ].join(' '),
    )
    .join(', ');
}

function writeBackup({ kind, snapshot, parent }: Backup): string {
  return kind === 'full' ? `full ${snapshot}` : `${snapshot}<${parent ?? '?'}`;
}

function writeBackupPlan(plan: BackupPlan | Conflict): string {
  if (plan.kind !== 'plan') return writeConflict(plan);
  const steps = plan.steps.map(({ kind, snapshot, parent, parentName }) => {
    if (kind === 'full') return `full ${snapshot.name}`;
    const renamed = parentName === parent?.name ? '' : ` (stored as ${parentName})`;
    return `${snapshot.name}<${parent?.name}${renamed}`;
  });
  return steps.join(', ') || 'nothing';
}

function writeRestorePlan(plan: RestorePlan | Conflict): string {
  if (plan.kind !== 'plan') return writeConflict(plan);
  const { base, steps, force, losses } = plan;
  if (steps.length === 0) return 'nothing';
  const from = base === undefined ? '' : `on ${base.name}: `;
  const lost = losses.length > 0 ? `, losing ${losses.join(' and ')}` : '';
  return `${from}${steps.map(writeBackup).join(', ')}${force ? ' -F' : ''}${lost}`;
}

function writeConflict(conflict: Conflict): string {
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
      const written = losses.writtenBytes ? [`${losses.writtenBytes} bytes`] : [];
      return `would lose ${[...what, ...written].join(' ')}${base ? ` after ${base.name}` : ''}`;
    }
    case 'target-conflict':
      return `target has ${conflict.present.join(' ')}`;
  }
}
