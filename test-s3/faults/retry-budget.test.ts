import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { BODY, chunksOf, createFaultCase, failureOf, KEY, PART, retriesOf } from './fault-case.ts';
import { type Fault, type Match, pass } from './fault-proxy.ts';
import { answer, neverAnswer } from './faults.ts';

describe('the budget of retries', () => {
  const broken: Match = { kind: 'part', partNumber: 2, times: 999 };

  it('is per part: ten retries by default, each a line at debug, each wait below a doubling ceiling', async () => {
    const test = await createFaultCase();
    test.proxy.inject(broken, answer(500, 'InternalError'));
    test.proxy.inject({ kind: 'part', partNumber: 1, times: 9 }, answer(500, 'InternalError'));
    const error = await failureOf(test.upload());
    expect(error).toMatchObject({ code: 'STORE_FAILED', status: 500, partNumber: 2 });
    expect(error.message).toContain('tried 11 times');
    expect(test.proxy.count('part', ({ partNumber }) => partNumber === 2)).toBe(11);
    const lines = retriesOf(test, 'part 2');
    expect(lines).toHaveLength(10);
    for (const [index, { facts }] of lines.entries()) {
      expect(facts).toMatchObject({ key: KEY, partNumber: 2, status: 500, storeCode: 'InternalError' });
      expect(facts['delayMs']).toBeLessThanOrEqual(Math.min(30_000, 250 * 2 ** index));
    }
    await test.expectNothing();
  });

  it.each([0, 3])('obeys MAX_RETRIES=%i', async (maxRetries) => {
    const test = await createFaultCase();
    test.proxy.inject(broken, answer(503, 'SlowDown'));
    expect(await failureOf(test.upload({ maxRetries }))).toMatchObject({ storeCode: 'SlowDown' });
    expect(test.proxy.count('part', ({ partNumber }) => partNumber === 2)).toBe(maxRetries + 1);
    await test.expectNothing();
  });

  it('is not used up by the store asking for time, which it gets', async () => {
    const test = await createFaultCase();
    test.proxy.inject(
      { kind: 'part', partNumber: 2, times: 2 },
      answer(503, 'SlowDown', { 'retry-after': '7' }),
    );
    await test.upload();
    await test.expectStored();
    expect(test.delays.filter((ms) => ms >= 7_000)).toHaveLength(2);
  });

  it('waits for real where the store asks for a second', async () => {
    const test = await createFaultCase();
    test.proxy.inject({ kind: 'part', partNumber: 3 }, answer(503, 'SlowDown', { 'retry-after': '1' }));
    await test.upload({ sleep: undefined });
    const [first, second] = test.proxy.seen.filter(({ partNumber }) => partNumber === 3);
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(1_000);
    await test.expectStored();
  });

  it('and a store that was reached and then stays silent is given up', async () => {
    const test = await createFaultCase();
    test.proxy.inject({ kind: 'part', times: 999 }, neverAnswer);
    const error = await failureOf(test.upload({ maxRetries: 1 }));
    expect(error).toMatchObject({ code: 'STORE_UNREACHABLE' });
    expect(error.message).toContain('does not answer');
    await test.expectNothing();
  });
});

describe('a store that asks to slow down', () => {
  it('gets fewer parts at once, and as many as before when it is well again', async () => {
    const test = await createFaultCase();
    const atOnce: number[] = [];
    let parts = 0;
    // Parts are held for a moment, so that all that may be on their way at once are.
    const slowly = (then: Fault): Fault => {
      return async (exchange) => {
        parts += 1;
        atOnce.push(parts);
        await sleep(150);
        parts -= 1;
        await then(exchange);
      };
    };
    test.proxy.inject({ kind: 'part', times: 4 }, slowly(answer(503, 'SlowDown')));
    test.proxy.inject({ kind: 'part', times: 999 }, slowly(pass));
    const body = Buffer.alloc(13 * PART, BODY);
    await test.upload({ source: chunksOf(body), concurrency: 4 });
    await test.expectStored(body);
    expect(Math.max(...atOnce.slice(0, 4))).toBe(4);
    expect(Math.max(...atOnce.slice(4, 8))).toBeLessThanOrEqual(2);
    expect(Math.max(...atOnce.slice(8))).toBe(4);
    expect(retriesOf(test, 'part 1').concat(retriesOf(test, 'part 2')).length).toBeGreaterThan(0);
  });
});
