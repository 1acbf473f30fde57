/**
 * The planners' one-line test language. A case is `situation | question → answer`:
 *
 *     local: @a,1 @b,2 | store: a(full) b<a | target: @a,1 | prefix: daily | backup --full → full b
 *
 * local    `@NAME,TXG` or `@NAME,TXG#GUID` (the guid is the txg where it is not given; taken at hour TXG, or `%HOUR`), in any order;
 *          `!` behind it: held for this store, `!TAG` by another tag; `#NAME,TXG` is a bookmark (`ours:` stands for
 *          what the names of this store's bookmarks begin with)
 * flags    as given to `zfs send`; `encrypted` and `raw=on`, `raw=off` among them; in `{send-flags=-L_-c}` a `_` is a blank
 * store    `NAME(full)`, `NAME<PARENT`, `NAME<?` (metadata silent on the parent), all with or without guids:
 *          `b,2<a,1`; `{key=value}` adds metadata, `{stale=yes}` a record of another object; `~HOUR` is the time it was stored, by default after everything
 *          local, in the order of the list; `other/ds@NAME…` lies under another dataset
 * target   `none`, `empty`, or as local; `+BYTES` written since (`+?`: cannot be told); `partial:GUID`: beside it lies what
 *          an interrupted receive left, `partial:@NAME` if only its name is known; `all` before it: and nothing else
 * question `health`, `chain NAME`, `status`, `backup [--full | --incremental] [--history] [--snapshot NAME] [--marks]
 *          [--no-bookmarks] [--no-holds]`; with marks the answer has in brackets what goes before all, and behind each step:
 *          `+#BOOKMARK`, `-#BOOKMARK`, `+!HELD`, `-!RELEASED`,
 *          `restore NAME [--force] [--abort-partial]`; in place of the name `--latest` or `--before HOUR`
 */
import { describe, expect, it } from 'vitest';
import type { Backup, Lineage } from '../../src/lineage/backup.ts';
import type { BackupChoice } from '../../src/lineage/choose-backup.ts';
import type { Conflict } from '../../src/lineage/conflicts.ts';
import { backupKey } from '../../src/lineage/key.ts';
import { buildLineage, chainTo } from '../../src/lineage/lineage.ts';
import type { Hold, MarkStep, Marks } from '../../src/lineage/marks.ts';
import { decodeBackup } from '../../src/lineage/metadata.ts';
import type { PartialReceive } from '../../src/lineage/partial-receive.ts';
import type { FlagRequest } from '../../src/lineage/pin-flags.ts';
import { type BackupPlan, planBackup } from '../../src/lineage/plan-backup.ts';
import { bookmarkPrefix, holdTag } from '../../src/lineage/plan-marks.ts';
import { planRestore, type RestorePlan, type TargetState } from '../../src/lineage/plan-restore.ts';
import { encodeSendFlags } from '../../src/lineage/send-flags.ts';
import { type Bookmark, isBookmark, type Snapshot } from '../../src/lineage/snapshot.ts';
import { assembleStatus } from '../../src/lineage/status.ts';

export const DATASET = 'tank/a';
export const PREFIX = 'backups/';
export const STORE_ID = 's1';
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
  readonly marks: Marks;
  readonly flags: FlagRequest;
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
    const [, name, words] = part.match(/^(local|store|target|prefix|flags):\s*(.*)$/) ?? [];
    if (name === undefined || words === undefined) throw new Error(`not a section: ${part}`);
    sections.set(
      name,
      words.split(/\s+/).filter((word) => word !== '' && word !== '-'),
    );
  }
  const local = sections.get('local');
  return {
    local: local
      ?.filter((word) => word.startsWith('@'))
      .map((word) => parseSnapshot(word.replace(/!.*/, ''))),
    marks: {
      canBookmark: true,
      canHold: true,
      bookmarks: local?.filter((word) => word.startsWith('#')).map(parseBookmark) ?? [],
      holds: local?.flatMap(parseHold) ?? [],
    },
    flags: parseFlags(sections.get('flags') ?? []),
    lineage: buildLineage(DATASET, (sections.get('store') ?? []).map(parseBackup)),
    target: parseTarget(sections.get('target') ?? ['none']),
    snapshotPrefix: sections.get('prefix')?.[0] ?? '',
    question: question.split(/\s+/),
  };
}

export function parseSnapshot(word: string): Snapshot {
  const [, name, txg, guid, hour] = word.match(/^@([^,]+),(\d+)(?:#(\d+))?(?:%(\d+))?$/) ?? [];
  if (name === undefined || txg === undefined) throw new Error(`not a snapshot: ${word}`);
  return {
    name,
    guid: guid ?? txg,
    createtxg: txg,
    createdAt: new Date(Number(hour ?? txg) * HOUR),
    referencedBytes: 1024,
  };
}

function parseSnapshots(words: readonly string[]): readonly Snapshot[] {
  return words.filter((word) => word.startsWith('@')).map((word) => parseSnapshot(word.replace(/!.*/, '')));
}

function parseMarks(words: readonly string[]): Marks {
  return {
    canBookmark: true,
    canHold: true,
    bookmarks: words.filter((word) => word.startsWith('#')).map(parseBookmark),
    holds: words.flatMap(parseHold),
  };
}

function parseBookmark(word: string): Bookmark {
  const { referencedBytes: _, ...bookmark } = parseSnapshot(word.replace(/^#/, '@'));
  return { ...bookmark, name: bookmark.name.replace(/^ours:/, bookmarkPrefix(STORE_ID)), isBookmark: true };
}

function parseHold(word: string): readonly Hold[] {
  const [, snapshot, tag] = word.match(/^@([^,]+),[^!]*!(.*)$/) ?? [];
  return snapshot === undefined ? [] : [{ snapshot, tag: tag || holdTag(STORE_ID) }];
}

function parseFlags(words: readonly string[]): FlagRequest {
  const raw = words.find((word) => word.startsWith('raw='))?.slice('raw='.length);
  return {
    given: words.filter((word) => word.startsWith('-')),
    raw: raw === 'on' || raw === 'off' ? raw : 'auto',
    isEncrypted: words.includes('encrypted'),
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
  for (const [, key = '', value = ''] of extra.matchAll(/\{([^=}]+)=([^}]*)\}/g)) {
    metadata[key] = key === 'send-flags' ? value.replaceAll('_', ' ') : value;
  }
  const backup = decodeBackup(PREFIX, {
    key: backupKey(PREFIX, dataset, name),
    bytes: 100,
    etag: 'e',
    modifiedAt: new Date((hour === undefined ? 1_000_000 + position : Number(hour)) * HOUR),
    storageClass: undefined,
    metadata,
  });
  if (backup === undefined) throw new Error(`no backup's key: ${word}`);
  return extra.includes('{stale=') ? { ...backup, staleRecordKey: 'r' } : backup;
}

function parseTarget(words: readonly string[]): TargetState | undefined {
  if (words[0] === 'none') return undefined;
  const written = words.find((word) => word.startsWith('+'))?.slice(1) ?? '0';
  return {
    snapshots: parseSnapshots(words),
    marks: parseMarks(words),
    writtenBytes: written === '?' ? undefined : Number(written),
    ...parsePartial(words),
  };
}

function parsePartial(words: readonly string[]): { readonly partial?: PartialReceive } {
  const of = words.find((word) => word.startsWith('partial:'))?.slice('partial:'.length);
  if (of === undefined) return {};
  const name = `${DATASET}${of.startsWith('@') ? of : '@sent'}`;
  // a token that tells no guid is one that nobody can read, unless the name is all that is asked for
  const guid = of.startsWith('@') ? '77' : of === '?' ? undefined : of;
  const told = { guid, parentGuid: undefined, name: of === '?' ? undefined : name, bytes: 5 };
  return { partial: { ...told, isAll: words.includes('all'), token: 't' } };
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

function writeStatus({ lineage, local, marks, snapshotPrefix }: Situation): string {
  const facts = { lineage, snapshots: local ?? [], snapshotPrefix, marks, storeId: STORE_ID };
  const { snapshots } = assembleStatus(facts);
  const places = { ok: 'here', missing: 'gone', 'other snapshot': 'other here' };
  return snapshots
    .map(({ name, parent, type, health, local: place, localName, held, bookmarked }) =>
      [
        type === 'incremental' ? `${name}<${parent ?? '?'}` : `${name}(${type})`,
        ...(health === null || health === 'ok' ? [] : [health]),
        places[place] + (localName === null ? '' : ` as ${localName}`),
        ...(held ? ['held'] : []),
        ...(bookmarked ? ['bookmark'] : []),
      ].join(' '),
    )
    .join(', ');
}

function writeBackup({ kind, snapshot, parent }: Backup): string {
  return kind === 'full' ? `full ${snapshot}` : `${snapshot}<${parent ?? '?'}`;
}

function writeBackupPlan(plan: BackupPlan | Conflict): string {
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

function writeRestorePlan(plan: RestorePlan | Conflict): string {
  if (plan.kind !== 'plan') return writeConflict(plan);
  const { base, steps, force, losses, drops, continues, marks } = plan;
  const unmarked = marks.length === 0 ? '' : `${writeMarks(marks)} `;
  const before = `${drops ? 'drop, ' : ''}${unmarked}${continues ? 'go on with ' : ''}`;
  if (steps.length === 0) return `${before}nothing`;
  const from = `${before}${base === undefined ? '' : `on ${base.name}: `}`;
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
