import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRateLimit, passedAt } from '../../src/stream/rate-limit.ts';

const MIB = 1024 ** 2;

describe('passedAt', () => {
  it('is behind those before, and makes up for a little of what was not used', () => {
    expect(passedAt(5000, 1000, 2048, 1024)).toBe(7000);
    expect(passedAt(0, 1_000_000, 1024, 1024)).toBe(1_000_750);
  });

  it('never lets more pass than the rate and the slack together', () => {
    const pauses = fc.array(fc.tuple(fc.nat(2000), fc.nat(MIB)), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(pauses, fc.integer({ min: 1024, max: 100 * MIB }), (asked, rate) => {
        let now = 0;
        let freeAt = 0;
        let passed = 0;
        for (const [pause, bytes] of asked) {
          now += pause;
          freeAt = passedAt(freeAt, now, bytes, rate);
          now = Math.max(now, freeAt);
          passed += bytes;
          expect(passed).toBeLessThanOrEqual(((now + 250) / 1000) * rate + 1);
        }
      }),
    );
  });
});

/** A clock that stands still but for those who sleep; they wake in their order, each some time late. */
function createClock(lateMs = 0) {
  const sleepers: Array<{ at: number; wake: () => void }> = [];
  let now = 0;
  return {
    now: () => now,
    sleep: (ms: number) =>
      new Promise<void>((resolve) => {
        sleepers.push({ at: now + ms + lateMs, wake: resolve });
      }),
    async run(work: Promise<unknown>) {
      let isOver = false;
      void work.then(() => {
        isOver = true;
      });
      for (;;) {
        await new Promise(setImmediate);
        if (isOver) return now / 1000;
        const next = sleepers.sort((a, b) => a.at - b.at).shift();
        if (!next) throw new Error('Nobody sleeps, and nothing goes on');
        now = Math.max(now, next.at);
        next.wake();
      }
    },
  };
}

describe('a rate limit', () => {
  it.each([
    ['64 KiB/s', 64 * 1024],
    ['10 MiB/s', 10 * MIB],
    ['3 GiB/s', 3 * 1024 * MIB],
  ])('holds %s on average, also with late timers', async (_, rate) => {
    for (const late of [0, 20]) {
      const clock = createClock(late);
      const limit = createRateLimit(rate, clock);
      const seconds = await clock.run(limit.take(rate * 5));
      expect(seconds).toBeGreaterThan(4.7);
      expect(seconds).toBeLessThan(5.3);
    }
  });

  it('is shared fairly by all who take from it', async () => {
    const clock = createClock();
    const limit = createRateLimit(MIB, clock);
    const ends: number[] = [];
    const each = () => limit.take(MIB).then(() => ends.push(clock.now()));
    await clock.run(Promise.all([each(), each(), each(), each()]));
    expect(Math.min(...ends)).toBeGreaterThan(3300);
    expect(Math.max(...ends)).toBeLessThan(4300);
  });

  it('has slices that let nothing stand still, and are worth a call', () => {
    expect(createRateLimit(1).sliceBytes).toBe(1024);
    expect(createRateLimit(10 * MIB).sliceBytes).toBe(MIB);
    expect(createRateLimit(MIB).sliceBytes).toBe(Math.round(MIB / 10));
  });

  it('ends the waiting at once when aborted, and leaves no debt behind', async () => {
    const limit = createRateLimit(1000);
    const stop = new AbortController();
    const waiting = limit.take(1_000_000, stop.signal);
    const startedAt = performance.now();
    setTimeout(() => stop.abort(new Error('enough')), 30);
    await expect(waiting).rejects.toThrow('enough');
    await limit.take(1);
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    await expect(limit.take(1, stop.signal)).rejects.toThrow('enough');
  });
});
