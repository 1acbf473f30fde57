import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StoreError } from '../../src/errors.ts';
import { createRetry, retryDelayMs, sleepFor } from '../../src/store/retry.ts';
import { instantSleep } from '../transfer/bytes.ts';
import { denied, noAnswer, slowDown } from '../transfer/fault-store.ts';

describe('retryDelayMs', () => {
  const delays = { baseMs: 100, capMs: 1_000, random: () => 0.5 };

  it('doubles its ceiling up to the cap and takes a random share of it', () => {
    expect([1, 2, 3, 4, 5, 6, 50].map((attempt) => retryDelayMs(attempt, delays))).toEqual([
      50, 100, 200, 400, 500, 500, 500,
    ]);
  });

  it('is never shorter than what the store asked for, and never absurdly long', () => {
    expect(retryDelayMs(1, { ...delays, retryAfterMs: 7_000 })).toBe(7_000);
    expect(retryDelayMs(5, { ...delays, retryAfterMs: 10 })).toBe(500);
    expect(retryDelayMs(1, { ...delays, retryAfterMs: 86_400_000 })).toBe(300_000);
  });

  it('stays between 0 and the cap', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2_000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (attempt, share) => {
          const ms = retryDelayMs(attempt, { ...delays, random: () => share });
          expect(ms).toBeGreaterThanOrEqual(0);
          expect(ms).toBeLessThanOrEqual(1_000);
        },
      ),
    );
  });
});

describe('createRetry', () => {
  it('tries again what may succeed, tells each retry, and returns the first success', async () => {
    const { sleep, delays } = instantSleep();
    const lines: object[] = [];
    const retried: string[] = [];
    const retry = createRetry({
      sleep,
      random: () => 0.999,
      logger: { debug: (facts) => lines.push(facts), info() {}, warn() {} },
      onRetry: (operation) => retried.push(operation),
    });
    const result = await retry('part 3', async (n) => {
      if (n < 4) throw n === 2 ? slowDown(5_000) : noAnswer();
      return n;
    });
    expect(result).toBe(4);
    expect(delays).toEqual([250, 5_000, 999]);
    expect(retried).toEqual(['part 3', 'part 3', 'part 3']);
    expect(lines).toHaveLength(3);
    expect(lines[1]).toMatchObject({ operation: 'part 3', status: 503, failures: 2, delayMs: 5_000 });
  });

  it.each([denied(), new TypeError('a bug')])('does not try again what cannot succeed: %s', async (error) => {
    let calls = 0;
    const call = createRetry(instantSleep())('x', async () => {
      calls += 1;
      throw error;
    });
    await expect(call).rejects.toBe(error);
    expect(calls).toBe(1);
  });

  it('gives up with the last error, its fields and the number of attempts', async () => {
    const retry = createRetry({ ...instantSleep(), attempts: 3 });
    const error = await retry('x', () => Promise.reject(slowDown(1))).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(StoreError);
    expect(error).toMatchObject({
      code: 'STORE_FAILED',
      status: 503,
      storeCode: 'SlowDown',
      retryable: true,
      message: 'SlowDown: please reduce your request rate (tried 3 times)',
    });
    expect((error as StoreError).cause).toBeInstanceOf(StoreError);
  });

  it('does not multiply with a retry around it', async () => {
    let calls = 0;
    const inner = createRetry({ ...instantSleep(), attempts: 3 });
    const outer = createRetry({ ...instantSleep(), attempts: 5 });
    const call = outer('x', () =>
      inner('y', async () => {
        calls += 1;
        throw slowDown();
      }),
    );
    await expect(call).rejects.toThrow('(tried 3 times)');
    expect(calls).toBe(3);
  });

  it('stops waiting when it is aborted, with the reason', async () => {
    const abort = new AbortController();
    const reason = new Error('interrupted');
    const retry = createRetry({ random: () => 0.99 });
    const call = retry('x', () => Promise.reject(slowDown(60_000)), { signal: abort.signal });
    setTimeout(() => abort.abort(reason), 10);
    await expect(call).rejects.toBe(reason);
  });

  it('attempts nothing once it is aborted', async () => {
    let calls = 0;
    const call = createRetry()(
      'x',
      async () => {
        calls += 1;
      },
      { signal: AbortSignal.abort(new Error('interrupted')) },
    );
    await expect(call).rejects.toThrow('interrupted');
    expect(calls).toBe(0);
  });
});

describe('sleepFor', () => {
  it('waits', async () => {
    const before = performance.now();
    await sleepFor(20, {});
    expect(performance.now() - before).toBeGreaterThanOrEqual(18);
  });
});
