import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProcessFailedError } from '../../src/errors.ts';
import type { Backup } from '../../src/lineage/backup.ts';
import { backupKey } from '../../src/lineage/key.ts';
import { buildLineage } from '../../src/lineage/lineage.ts';
import type { Hold, MarkStep } from '../../src/lineage/marks.ts';
import { decodeBackup, encodeMetadata } from '../../src/lineage/metadata.ts';
import { type BackupStep, planBackup } from '../../src/lineage/plan-backup.ts';
import { planRelease } from '../../src/lineage/plan-marks.ts';
import type { Bookmark, Snapshot } from '../../src/lineage/snapshot.ts';
import type { SnapshotSource } from '../../src/sources/source.ts';
import { createMarkRunner } from '../../src/steps/run-marks.ts';

const DATASET = 'tank/a';
const STORES = ['s1', 's2'] as const;
type StoreId = (typeof STORES)[number];

/** The machine went down. */
class Crash extends Error {}

/** A dataset as ZFS keeps it, with two stores. */
function createWorld() {
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
    const key = backupKey('p/', DATASET, step.snapshot.name);
    const metadata = encodeMetadata({
      key,
      kind: step.kind,
      parent: step.parentName && `${DATASET}@${step.parentName}`,
      compressor: undefined,
      estimate: undefined,
      guid: step.snapshot.guid,
      parentGuid: step.parent?.guid,
      sendFlags: step.flags.format,
    });
    const backup = decodeBackup('p/', {
      key,
      bytes: 1,
      etag: undefined,
      modifiedAt: new Date(txg),
      storageClass: undefined,
      metadata,
    });
    if (backup) stored[id].push(backup);
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

const at = fc.nat({ max: 30 });
const event = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('take' as const) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('destroy' as const), at }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('rename' as const), at }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('bookmark' as const),
      at,
      name: fc.constantFrom('x', 'zfs3backup:s1:n3'),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('back up' as const),
      id: fc.constantFrom(...STORES),
      limit: fc.oneof(fc.nat({ max: 6 }), fc.constant(Number.POSITIVE_INFINITY)),
      denied: fc.subarray<MarkStep['do']>(['bookmark', 'hold', 'release', 'drop bookmark'], { maxLength: 1 }),
    }),
  },
);
type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;
// without a size fast-check seldom makes more than ten events
const life = fc.array(event, { maxLength: 60, size: 'max' });
type World = ReturnType<typeof createWorld>;

async function happen(world: World, next: Event, settings: { bookmarks: boolean; holds: boolean }) {
  if (next.do === 'take') world.take();
  else if (next.do === 'destroy') world.destroy(next.at);
  else if (next.do === 'rename') world.rename(next.at);
  else if (next.do === 'bookmark') world.bookmark(next.at, next.name);
  else await world.backUp(next.id, { ...next, ...settings });
}

const settings = fc.constantFrom(
  { bookmarks: true, holds: true },
  { bookmarks: true, holds: false },
  { bookmarks: false, holds: true },
);

describe('any life of a dataset with two stores, with crashes anywhere and refused marks', () => {
  it('never loses a chain that was marked once', async () => {
    await fc.assert(
      fc.asyncProperty(life, settings, async (events, chosen) => {
        const world = createWorld();
        const wasMarked = new Set<string>();
        for (const next of events) {
          await happen(world, next, chosen);
          for (const id of STORES) {
            if (world.isMarked(id)) wasMarked.add(id);
            if (wasMarked.has(id)) expect(world.common(id)).not.toEqual([]);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('never makes a second full while both sides have something in common', async () => {
    await fc.assert(
      fc.asyncProperty(life, settings, async (events, chosen) => {
        const world = createWorld();
        for (const next of events) {
          const [id, newest] = [next.do === 'back up' ? next.id : undefined, world.newest()];
          if (id !== undefined && newest && world.stored[id].length > 0) {
            const before = world
              .common(id)
              .filter(({ createtxg }) => Number(createtxg) <= Number(newest.createtxg));
            const plan = world.plan(id, chosen);
            if (before.length > 0 && plan.kind !== 'plan') expect.fail(plan.kind);
            if (plan.kind === 'plan') expect(plan.steps.map(({ kind }) => kind)).not.toContain('full');
          }
          await happen(world, next, chosen);
        }
        for (const id of STORES) {
          expect(world.stored[id].filter(({ kind }) => kind === 'full').length).toBeLessThanOrEqual(1);
          expect(world.lineage(id).entries.every(({ health }) => health === 'ok')).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('has one hold and one bookmark for each store when a run came through, and none after a release', async () => {
    await fc.assert(
      fc.asyncProperty(life, async (events) => {
        const world = createWorld();
        const chosen = { bookmarks: true, holds: true };
        for (const next of events) await happen(world, next, chosen);
        for (const id of STORES) {
          world.take();
          await world.backUp(id, { limit: Number.POSITIVE_INFINITY, denied: [], ...chosen });
        }
        for (const id of STORES) {
          const { holds, bookmarks } = world.marks();
          const base = world.stored[id].at(-1);
          if (world.plan(id, chosen).kind !== 'plan') continue;
          expect(holds.filter(({ tag }) => tag === `zfs3backup:${id}`)).toHaveLength(1);
          const ours = bookmarks.filter(({ name }) => name.startsWith(`zfs3backup:${id}:`));
          expect(ours.map(({ guid }) => guid)).toEqual([base?.guid]);
        }
        const before = world.marks();
        for (const step of planRelease(DATASET, before, 's1')) await world.mark(step);
        expect(world.isMarked('s1')).toBe(false);
        const ofOther = ({ tag }: Hold) => tag === 'zfs3backup:s2';
        expect(world.marks().holds).toEqual(before.holds.filter(ofOther));
        for (const step of planRelease(DATASET, world.marks())) await world.mark(step);
        expect(world.marks().holds).toEqual([]);
        expect(world.marks().bookmarks.every(({ name }) => name === 'x')).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe('marks that cannot be made', () => {
  const steps: readonly MarkStep[] = [
    { do: 'bookmark', dataset: DATASET, snapshot: 'b', bookmark: 'x:b' },
    { do: 'hold', dataset: DATASET, snapshot: 'b', tag: 'x' },
    { do: 'drop bookmark', dataset: DATASET, bookmark: 'x:a' },
    { do: 'release', dataset: DATASET, snapshot: 'a', tag: 'x' },
  ];

  async function runDenying(denied: readonly MarkStep['do'][], words = 'permission denied') {
    const tried: string[] = [];
    const warnings: string[] = [];
    const remarks: string[] = [];
    const source = {
      async mark(step: MarkStep) {
        tried.push(step.do);
        if (!denied.includes(step.do)) return;
        throw new ProcessFailedError({ command: ['zfs'], exitCode: 1, stderr: words });
      },
    } as unknown as SnapshotSource;
    const logger = {
      debug() {},
      info: (_: object, message: string) => void remarks.push(message),
      warn: (_: object, message: string) => void warnings.push(message),
    };
    const run = createMarkRunner({ source, logger });
    await run(steps);
    await run(steps);
    return { tried: tried.slice(0, tried.length / 2), warnings, remarks };
  }

  it.each([
    [[], ['bookmark', 'hold', 'drop bookmark', 'release']],
    [['bookmark'], ['bookmark', 'hold', 'release']],
    [['hold'], ['bookmark', 'hold', 'drop bookmark']],
    [
      ['bookmark', 'hold'],
      ['bookmark', 'hold'],
    ],
  ] as const)('without %j nothing is taken away that has no successor', async (denied, expected) => {
    expect((await runDenying(denied)).tried).toEqual(expected);
  });

  it('are told once for each kind, with what to type', async () => {
    const { warnings, remarks } = await runDenying(['hold', 'drop bookmark']);
    expect(warnings).toEqual([expect.stringContaining(`zfs allow -u "$(id -un)" hold 'tank/a'`)]);
    // cron needs no mail of it
    expect(remarks).toEqual([expect.stringContaining(`zfs allow -u "$(id -un)" destroy,mount 'tank/a'`)]);
    const [other] = (await runDenying(['bookmark'], 'pool must be upgraded')).warnings;
    expect(other).toContain('tank/a@b: no bookmark could be left (pool must be upgraded)');
    expect(other).toContain('BOOKMARKS=no');
  });

  it('do not hide an abort', async () => {
    const source = {
      mark: () => Promise.reject(new Error('enough')),
    } as unknown as SnapshotSource;
    const run = createMarkRunner({ source, signal: AbortSignal.abort() });
    await expect(run(steps)).rejects.toThrow('enough');
  });
});
