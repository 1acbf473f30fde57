import { ProcessFailedError } from '../../src/errors.ts';
import type { Backup } from '../../src/lineage/backup.ts';
import { buildLineage } from '../../src/lineage/lineage.ts';
import type { Hold, MarkStep } from '../../src/lineage/marks.ts';
import { type BackupStep, planBackup } from '../../src/lineage/plan-backup.ts';
import type { Bookmark, Snapshot } from '../../src/lineage/snapshot.ts';
import type { SnapshotSource } from '../../src/sources/source.ts';
import { createMarkRunner } from '../../src/steps/run-marks.ts';
import { DATASET } from '../lineage/situation.ts';
import { storeStep } from '../lineage/stored-step.ts';

export const STORES = ['s1', 's2'] as const;
type StoreId = (typeof STORES)[number];

/** The machine went down. */
class Crash extends Error {}

/** A dataset as ZFS keeps it, with two stores. */
export function createWorld() {
  let snapshots: Snapshot[] = [];
  let bookmarks: Bookmark[] = [];
  let holds: Hold[] = [];
  let txg = 0;
  const stored: Record<StoreId, Backup[]> = { s1: [], s2: [] };
  let actions = Number.POSITIVE_INFINITY;
  let denied = new Set<MarkStep['do']>();

  function act(): void {
    actions -= 1;
    if (actions < 0) throw new Crash();
  }

  function refuse(words: string): never {
    throw new ProcessFailedError({ command: ['zfs'], exitCode: 1, stderr: words });
  }

  function find(name: string): Snapshot {
    return snapshots.find((snapshot) => snapshot.name === name) ?? refuse('dataset does not exist');
  }

  async function mark(step: MarkStep): Promise<void> {
    act();
    if (denied.has(step.do)) refuse('permission denied');
    if (step.do === 'bookmark') {
      const { name: _, referencedBytes: __, ...identity } = find(step.snapshot);
      if (bookmarks.some(({ name }) => name === step.bookmark)) refuse('bookmark exists');
      bookmarks.push({ ...identity, name: step.bookmark, isBookmark: true });
    } else if (step.do === 'drop bookmark') {
      bookmarks = bookmarks.filter(({ name }) => name !== step.bookmark);
    } else if (step.do === 'hold') {
      find(step.snapshot);
      holds.push({ snapshot: step.snapshot, tag: step.tag });
    } else {
      holds = holds.filter((hold) => hold.tag !== step.tag || hold.snapshot !== step.snapshot);
    }
  }

  function store(id: StoreId, step: BackupStep): void {
    act();
    stored[id].push(storeStep(step, new Date(txg), step.flags.format));
  }

  const marks = () => ({ canBookmark: true, canHold: true, bookmarks: [...bookmarks], holds: [...holds] });
  const lineage = (id: StoreId) => buildLineage(DATASET, stored[id]);

  function plan(id: StoreId, settings: { bookmarks: boolean; holds: boolean }) {
    const request = { dataset: DATASET, snapshots, lineage: lineage(id), snapshotPrefix: '' };
    return planBackup({
      ...request,
      mode: 'auto',
      marks: marks(),
      markSettings: { storeId: id, ...settings },
    });
  }

  return {
    stored,
    lineage,
    plan,
    marks,
    take() {
      txg += 1;
      const identity = { guid: `${txg}000`, createtxg: `${txg}`, createdAt: new Date(txg) };
      snapshots.push({ name: `n${txg}`, ...identity, referencedBytes: 1 });
    },
    rename(at: number) {
      const old = snapshots[at % (snapshots.length || 1)];
      if (!old) return;
      txg += 1;
      const name = `r${txg}`;
      snapshots = snapshots.map((snapshot) => (snapshot === old ? { ...snapshot, name } : snapshot));
      holds = holds.map((hold) => (hold.snapshot === old.name ? { ...hold, snapshot: name } : hold));
    },
    /** As an administrator does who destroys whatever can be destroyed. */
    destroy(at: number) {
      const old = snapshots[at % (snapshots.length || 1)];
      if (!old || holds.some(({ snapshot }) => snapshot === old.name)) return;
      snapshots = snapshots.filter((snapshot) => snapshot !== old);
    },
    bookmark(at: number, name: string) {
      const of = snapshots[at % (snapshots.length || 1)];
      if (!of || bookmarks.some((bookmark) => bookmark.name === name)) return;
      const { referencedBytes: _, ...identity } = of;
      bookmarks.push({ ...identity, name, isBookmark: true });
    },
    async backUp(
      id: StoreId,
      options: { limit: number; denied: readonly MarkStep['do'][]; bookmarks: boolean; holds: boolean },
    ) {
      const planned = plan(id, options);
      if (planned.kind !== 'plan') return;
      actions = options.limit;
      denied = new Set(options.denied);
      const run = createMarkRunner({ source: { mark } as unknown as SnapshotSource });
      try {
        await run(planned.before);
        for (const step of planned.steps) {
          store(id, step);
          await run(step.after);
        }
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
      } finally {
        actions = Number.POSITIVE_INFINITY;
      }
    },
    /** What this side and a store have in common, by its definition. */
    common(id: StoreId): readonly (Snapshot | Bookmark)[] {
      const guids = new Set(stored[id].map(({ guid }) => guid));
      return [...snapshots, ...bookmarks].filter(({ guid }) => guids.has(guid));
    },
    newest: () => snapshots.at(-1),
    /** Whether a mark of the store's is on something that the store has. */
    isMarked(id: StoreId) {
      const guids = new Set(stored[id].map(({ guid }) => guid));
      const marked = [
        ...snapshots.filter(({ name }) =>
          holds.some(({ snapshot, tag }) => snapshot === name && tag === `zfs3backup:${id}`),
        ),
        ...bookmarks.filter(({ name }) => name.startsWith(`zfs3backup:${id}:`)),
      ];
      return marked.some(({ guid }) => guids.has(guid));
    },
    mark,
  };
}
