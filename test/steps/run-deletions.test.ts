import { expect, it } from 'vitest';
import type { Backup } from '../../src/lineage/backup.ts';
import { planRetention } from '../../src/lineage/plan-retention.ts';
import { parseRetention } from '../../src/lineage/retention.ts';
import { readLineage } from '../../src/reading/read-lineage.ts';
import { agreedSet, runDeletions } from '../../src/steps/run-deletions.ts';
import { createMemoryStore } from '../transfer/memory-store.ts';

const DATASET = 'tank/a';

async function putBackups(store: ReturnType<typeof createMemoryStore>, ...words: readonly string[]) {
  for (const word of words) {
    const [name = '', parent] = word.split('<');
    const metadata = parent === undefined ? { isfull: 'true' } : { parent: `${DATASET}@${parent}` };
    await store.put(`p/${DATASET}@${name}`, Buffer.from(word), { metadata });
  }
}

it('looks again in the middle of a long run, and spares what something new builds on', async () => {
  const store = createMemoryStore();
  await putBackups(store, 'a', 'b<a', 'c<b', 'd<c', 'z');
  let reads = 0;
  const plan = async (agreed?: readonly Backup[]) => {
    reads += 1;
    return planRetention({
      lineage: await readLineage(store, DATASET),
      rules: parseRetention('1'),
      now: new Date(),
      local: [],
      held: new Map(),
      agreed: agreed && agreedSet(agreed),
    });
  };
  const first = await plan();
  expect(first.deletions.map(({ snapshot }) => snapshot)).toEqual(['d', 'c', 'b', 'a']);
  let coming: Promise<void> | undefined;
  const { deleted, spared } = await runDeletions({
    store,
    plan: first,
    trustMs: 0,
    replan: async (agreed) => {
      await coming;
      return plan(agreed);
    },
    onDeleted: ({ name }) => {
      if (name === 'tank/a@c') coming = putBackups(store, 'new<b');
    },
  });
  expect(deleted.map(({ name }) => name)).toEqual(['tank/a@d', 'tank/a@c']);
  expect(spared.map(({ name, reasons }) => `${name}: ${reasons}`)).toEqual([
    'tank/a@a: ancestor of new',
    'tank/a@b: ancestor of new',
  ]);
  expect(reads).toBe(4);
  const { entries } = await readLineage(store, DATASET);
  expect(entries.map(({ health }) => health)).toEqual(['ok', 'ok', 'ok', 'ok']);
});
