import { describe, expect, it } from 'vitest';
import { readBackups } from '../src/reading/read-backups.ts';
import { readLineages } from '../src/reading/read-lineage.ts';
import { readReindexPlan, reindex, runReindexPlan } from '../src/reindex.ts';
import type { ObjectStore } from '../src/store/object-store.ts';
import { temporaryDirectoryStore } from './transfer/bytes.ts';

/** What z3 left, and what others did beside it. */
async function openStore(): Promise<ObjectStore> {
  const store = await temporaryDirectoryStore();
  const put = (key: string, metadata: Record<string, string>) =>
    store.put(key, Buffer.from(key), { metadata });
  await put('p/tank/a@1', { isfull: 'true', size: '70', compressor: 'pigz1' });
  await put('p/tank/a@2', { parent: 'tank/a@1', size: '80' });
  await put('p/tank/a@100% ü', { parent: 'tank/a@2' });
  await put('p/tank/b@1', { is_full: 'true' });
  await put('p/notes.txt', {});
  await put('other/tank/a@1', { isfull: 'true' });
  return store;
}

async function keysOf(store: ObjectStore): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list('')) keys.push(key);
  return keys;
}

const without = ({ recordKey: _, ...backup }: { readonly recordKey: string | undefined }) => backup;

describe('reindex', () => {
  it('makes listings tell what the objects told one by one, and is done with that', async () => {
    const store = await openStore();
    const before = await readLineages(store);
    const keys = await keysOf(store);
    const report = await reindex({ store });
    expect(report.steps.map((step) => [step.do, step.name])).toEqual([
      ['write', 'tank/a@1'],
      ['write', 'tank/a@100% ü'],
      ['write', 'tank/a@2'],
      ['write', 'tank/b@1'],
    ]);
    expect((await keysOf(store)).filter((key) => !key.startsWith('p/.records/'))).toEqual(keys);
    let heads = 0;
    const counting: ObjectStore = {
      ...store,
      head(key, call) {
        heads += 1;
        return store.head(key, call);
      },
    };
    const after = await readLineages(counting);
    expect(heads).toBe(0);
    const plain = (lineages: typeof before) =>
      lineages.map(({ entries }) => entries.map(({ backup, health }) => [without(backup), health]));
    expect(plain(after)).toEqual(plain(before));
    expect(await reindex({ store })).toMatchObject({ steps: [], recorded: 4 });
  });

  it('changes nothing when only asked for its plan', async () => {
    const store = await openStore();
    const keys = await keysOf(store);
    expect((await readReindexPlan({ store })).steps).toHaveLength(4);
    expect(await keysOf(store)).toEqual(keys);
  });

  it('keeps to one dataset', async () => {
    const store = await openStore();
    expect((await reindex({ store, dataset: 'tank/b' })).steps.map(({ name }) => name)).toEqual(['tank/b@1']);
  });

  it.each([0, 1, 2, 3])('goes on behind a run that died after %i steps', async (done) => {
    const store = await openStore();
    const plan = await readReindexPlan({ store });
    await runReindexPlan({ ...plan, steps: plan.steps.slice(0, done) }, { store });
    const rest = await reindex({ store });
    expect(rest.steps).toHaveLength(4 - done);
    expect(await reindex({ store })).toMatchObject({ steps: [], recorded: 4 });
  });

  it.each([1, 2])(
    'takes what was stored anew as it is now, wherever a run died (%i of 2 steps)',
    async (done) => {
      const store = await openStore();
      await reindex({ store, dataset: 'tank/b' });
      await store.put('p/tank/b@1', Buffer.from('another'), { metadata: { isfull: 'true', guid: '9' } });
      const asked = { store, dataset: 'tank/b', stale: true };
      expect(await reindex({ store, dataset: 'tank/b' })).toMatchObject({ steps: [], stale: ['tank/b@1'] });
      const plan = await readReindexPlan(asked);
      expect(plan.steps.map((step) => step.do)).toEqual(['write', 'remove']);
      await runReindexPlan({ ...plan, steps: plan.steps.slice(0, done) }, asked);
      const { backups } = await readBackups(store, 'tank/b');
      expect(backups).toMatchObject([
        { guid: '9', staleRecordKey: undefined, recordKey: plan.steps[0]?.key },
      ]);
      expect((await reindex(asked)).steps).toHaveLength(2 - done);
      expect(await reindex(asked)).toMatchObject({ steps: [], stale: [], recorded: 1 });
    },
  );
});
