import { setImmediate as tick } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { StoreError } from '../../src/errors.ts';
import { createSlots } from '../../src/transfer/slots.ts';

const slowDown = () =>
  new StoreError('STORE_FAILED', 'SlowDown', { operation: 'putPart', status: 503, retryable: true });

/** Starts `count` pieces of work that end when told to. */
function startMany(
  slots: ReturnType<typeof createSlots>,
  count: number,
  signal = new AbortController().signal,
) {
  const started: number[] = [];
  const ends: Array<{ resolve(): void; reject(error: unknown): void }> = [];
  const runs = Array.from({ length: count }, (_, index) =>
    slots.run(() => {
      started.push(index);
      return new Promise<void>((resolve, reject) => {
        ends[index] = { resolve, reject };
      });
    }, signal),
  );
  return { started, ends, settled: Promise.allSettled(runs) };
}

describe('slots', () => {
  it('run as many as there are, and the next in order when one ends', async () => {
    const { started, ends, settled } = startMany(createSlots(2), 4);
    await tick();
    expect(started).toEqual([0, 1]);
    ends[1]?.resolve();
    await tick();
    expect(started).toEqual([0, 1, 2]);
    for (const index of [0, 2]) ends[index]?.resolve();
    await tick();
    ends[3]?.resolve();
    expect((await settled).every(({ status }) => status === 'fulfilled')).toBe(true);
  });

  it('are fewer after the store asked to slow down, and as many as before after some rounds', async () => {
    const slots = createSlots(4);
    const refused = startMany(slots, 4);
    await tick();
    for (const end of refused.ends) end.reject(slowDown());
    await refused.settled;
    const first = startMany(slots, 4);
    await tick();
    expect(first.started).toHaveLength(2);
    for (let round = 0; round < 4; round += 1) {
      for (const end of first.ends) end?.resolve();
      await tick();
    }
    await first.settled;
    const calm = startMany(slots, 1);
    await tick();
    calm.ends[0]?.resolve();
    await calm.settled;
    const again = startMany(slots, 6);
    await tick();
    expect(again.started).toHaveLength(4);
    for (let round = 0; round < 3; round += 1) {
      for (const end of again.ends) end?.resolve();
      await tick();
    }
    await again.settled;
  });

  it('tell of each change', async () => {
    const changes: string[] = [];
    const slots = createSlots(4, (limit, before) => changes.push(`${before} -> ${limit}`));
    const refused = startMany(slots, 4);
    await tick();
    for (const end of refused.ends) end.reject(slowDown());
    await refused.settled;
    for (let parts = 0; parts < 10; parts += 1) {
      const next = startMany(slots, 1);
      await tick();
      next.ends[0]?.resolve();
      await next.settled;
    }
    expect(changes).toEqual(['4 -> 2', '2 -> 3', '3 -> 4']);
  });

  it('do not slow down for a part that failed otherwise', async () => {
    const slots = createSlots(4);
    const failed = startMany(slots, 4);
    await tick();
    for (const end of failed.ends) end.reject(new Error('connection reset'));
    await failed.settled;
    const next = startMany(slots, 4);
    await tick();
    expect(next.started).toHaveLength(4);
    for (const end of next.ends) end.resolve();
    await next.settled;
  });

  it('are not waited for by who was stopped', async () => {
    const stop = new AbortController();
    const { started, ends, settled } = startMany(createSlots(1), 3, stop.signal);
    await tick();
    stop.abort(new Error('stopped'));
    ends[0]?.resolve();
    expect((await settled).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(started).toEqual([0]);
  });
});
