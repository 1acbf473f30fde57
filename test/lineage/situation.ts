import type { Backup, Lineage } from '../../src/lineage/backup.ts';
import { backupKey } from '../../src/lineage/key.ts';
import { buildLineage } from '../../src/lineage/lineage.ts';
import type { Hold, Marks } from '../../src/lineage/marks.ts';
import { decodeBackup } from '../../src/lineage/metadata.ts';
import type { PartialReceive } from '../../src/lineage/partial-receive.ts';
import type { FlagRequest } from '../../src/lineage/pin-flags.ts';
import { bookmarkPrefix, holdTag } from '../../src/lineage/plan-marks.ts';
import type { TargetState } from '../../src/lineage/plan-restore.ts';
import type { Bookmark, Snapshot } from '../../src/lineage/snapshot.ts';

export const DATASET = 'tank/a';
export const PREFIX = 'backups/';
export const STORE_ID = 's1';
export const HOUR = 3_600_000;

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
    local: local && parseSnapshots(local),
    marks: parseMarks(local ?? []),
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
  const { taken } = metadata;
  if (taken !== undefined)
    return { ...backup, recordKey: 'r', snapshotCreatedAt: new Date(Number(taken) * HOUR) };
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
