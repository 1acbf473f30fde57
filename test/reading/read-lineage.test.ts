import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readLineage } from '../../src/reading/read-lineage.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { thrownBy } from '../stream/fixtures.ts';
import { createMemoryStore } from '../transfer/memory-store.ts';

const warnings: Error[] = [];
const note = (warning: Error) => warnings.push(warning);
beforeEach(() => {
  warnings.length = 0;
  process.on('warning', note);
});
afterEach(() => {
  process.off('warning', note);
});

/** Forty backups; `onHead` runs before each answer, which takes a moment and listens to the signal as a request does. */
async function openStore(onHead: (count: number) => void = () => {}) {
  const memory = createMemoryStore();
  for (let n = 0; n < 40; n += 1) {
    await memory.put(`p/tank/a@${n}`, Buffer.from('x'), { metadata: { isfull: 'true' } });
  }
  let heads = 0;
  const store: ObjectStore = {
    ...memory,
    prefix: 'p/',
    async head(key, call) {
      call?.signal?.throwIfAborted();
      heads += 1;
      onHead(heads);
      await wait(20, undefined, call?.signal ? { signal: call.signal } : {}).catch(() => {});
      call?.signal?.throwIfAborted();
      return memory.head(key, call);
    },
  };
  return { store, heads: () => heads };
}

it('reads many backups at once without a warning, and lets go of the signal', async () => {
  const { store } = await openStore();
  const { signal } = new AbortController();
  const { entries } = await readLineage(store, 'tank/a', { signal });
  expect(entries).toHaveLength(40);
  await wait(0);
  expect(warnings).toEqual([]);
});

it('asks no more once an answer was an error', async () => {
  const failure = new Error('denied');
  const { store, heads } = await openStore((count) => {
    if (count === 3) throw failure;
  });
  expect(await thrownBy(() => readLineage(store, 'tank/a'))).toBe(failure);
  await wait(100);
  expect(heads()).toBeLessThan(40);
});

it('stops with the reason of the signal', async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  const { store, heads } = await openStore((count) => {
    if (count === 20) controller.abort(reason);
  });
  expect(await thrownBy(() => readLineage(store, 'tank/a', { signal: controller.signal }))).toBe(reason);
  await wait(50);
  expect(heads()).toBeLessThan(40);
});
