import { describe, expect, it } from 'vitest';
import type { MarkStep, Marks } from '../src/lineage/marks.ts';
import { readReleasePlan, release } from '../src/release.ts';
import type { SnapshotSource } from '../src/sources/source.ts';
import { storeId } from '../src/store/store-id.ts';

const store = { url: 'file:///backup', prefix: 'p/' };
const tag = `zfs3backup:${storeId(store)}`;

const bookmark = (name: string) => ({
  name,
  guid: '1',
  createtxg: '1',
  createdAt: new Date(0),
  isBookmark: true as const,
});
const marks: Marks = {
  canBookmark: true,
  canHold: true,
  bookmarks: ['mine', 'zfs3backup', `${tag}:a`, 'zfs3backup:0000000000:a'].map(bookmark),
  holds: [
    { snapshot: 'a', tag },
    { snapshot: 'a', tag: 'mine' },
    { snapshot: 'b', tag: 'zfs3backup:0000000000' },
  ],
};

function createSource(has: Marks | undefined) {
  const done: MarkStep[] = [];
  const source = {
    readDataset: async (dataset: string) =>
      dataset === 'tank/a' ? { snapshots: [], writtenBytes: 0, ...(has ? { marks: has } : {}) } : undefined,
    mark: async (step: MarkStep) => void done.push(step),
    markCommand: (step: MarkStep) => ['zfs', step.do],
  } as unknown as SnapshotSource;
  return { source, done };
}

describe('release', () => {
  it("takes away this store's marks alone", async () => {
    const { source, done } = createSource(marks);
    const report = await release({ source, dataset: 'tank/a', store });
    expect(done).toEqual([
      { do: 'release', dataset: 'tank/a', snapshot: 'a', tag },
      { do: 'drop bookmark', dataset: 'tank/a', bookmark: `${tag}:a` },
    ]);
    expect(report).toMatchObject({ store: 'file:///backup', steps: done });
    expect(report.commands).toEqual([
      ['zfs', 'release'],
      ['zfs', 'drop bookmark'],
    ]);
  });

  it("takes away all stores', and never anybody else's", async () => {
    const { source, done } = createSource(marks);
    expect(await release({ source, dataset: 'tank/a' })).toMatchObject({ store: null });
    expect(done).toHaveLength(4);
    expect(JSON.stringify(done)).not.toContain('mine');
  });

  it('plans without changing anything', async () => {
    const { source, done } = createSource(marks);
    expect((await readReleasePlan({ source, dataset: 'tank/a', store })).steps).toHaveLength(2);
    expect(done).toEqual([]);
  });

  it('has nothing to do where there are no marks', async () => {
    expect((await release({ source: createSource(undefined).source, dataset: 'tank/a' })).steps).toEqual([]);
  });

  it('knows no other dataset', async () => {
    const outcome = release({ source: createSource(marks).source, dataset: 'tank/b' });
    await expect(outcome).rejects.toMatchObject({ code: 'NO_SUCH_DATASET' });
  });
});
