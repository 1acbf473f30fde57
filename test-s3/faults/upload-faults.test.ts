import { describe, expect, it } from 'vitest';
import { BODY, chunksOf, createFaultCase, IDLE_MS, LONG_TIME_LIMIT_MS, retriesOf } from './fault-case.ts';
import type { Fault } from './fault-proxy.ts';
import {
  alter,
  answer,
  answerInstead,
  delay,
  drip,
  halfAnswer,
  inTurn,
  loseAnswer,
  neverAnswer,
  neverAnswerThough,
  refuseConnections,
  resetAfterBody,
  resetBeforeBody,
  resetInBody,
} from './faults.ts';

const TRANSIENT: ReadonlyArray<readonly [string, Fault]> = [
  ['connection refused', refuseConnections(300)],
  ['reset before the body', resetBeforeBody],
  ['reset in the middle of the body', resetInBody],
  ['reset after the body', resetAfterBody],
  ['reset after the body, though the store had acted', loseAnswer],
  ['half an answer', halfAnswer],
  ['500 InternalError', answer(500, 'InternalError')],
  ['500 without a body', answer(500)],
  ['502 from a gateway', answer(502)],
  ['503 SlowDown', answer(503, 'SlowDown')],
  ['503 SlowDown with Retry-After', answer(503, 'SlowDown', { 'retry-after': '2' })],
  ['429 TooManyRequests', answer(429, 'TooManyRequests')],
  ['400 RequestTimeout', answer(400, 'RequestTimeout')],
  ['403 RequestTimeTooSkewed', answer(403, 'RequestTimeTooSkewed')],
  ['504 though the store had acted', answerInstead(504)],
  ['an answer that never comes', neverAnswer],
  ['an answer that never comes, though the store had acted', neverAnswerThough],
  ['200 without an ETag', alter(({ headers: { etag: _, ...headers } }) => ({ headers }))],
];

describe('a part is sent again, and the bytes are right, after', () => {
  it.each(TRANSIENT)('%s', async (_name, fault) => {
    const test = await createFaultCase();
    test.proxy.inject({ kind: 'part', partNumber: 2 }, fault);
    const result = await test.upload();
    await test.expectStored();
    expect(test.proxy.count('part', ({ partNumber }) => partNumber === 2)).toBe(2);
    expect(test.proxy.count('abort')).toBe(0);
    expect(result.retries).toBeGreaterThan(0);
    expect(retriesOf(test, 'part 2').length).toBeGreaterThan(0);
  });

  it('all of these, one after another', { timeout: LONG_TIME_LIMIT_MS }, async () => {
    const test = await createFaultCase();
    const faults = TRANSIENT.filter(([name]) => name !== 'connection refused').map(([, fault]) => fault);
    test.proxy.inject({ kind: 'part', partNumber: 3, times: faults.length }, inTurn(...faults));
    await test.upload({ maxRetries: faults.length });
    await test.expectStored();
    expect(retriesOf(test, 'part 3')).toHaveLength(faults.length);
  });
});

describe('the single PUT of a small object is sent again after', () => {
  it.each(TRANSIENT.filter(([name]) => /refused|in the middle|acted$|half|SlowDown$|ETag/.test(name)))(
    '%s',
    async (_name, fault) => {
      const test = await createFaultCase();
      const body = BODY.subarray(0, 100_000);
      test.proxy.inject({ kind: 'put' }, fault);
      await test.upload({ source: chunksOf(body) });
      await test.expectStored(body);
    },
  );
});

describe('every other request of an upload is repeated as well', () => {
  const kinds = ['head', 'list-parts'] as const;
  const some = TRANSIENT.filter(([name]) => /refused|half|never comes$|SlowDown$|reset before/.test(name));
  it.each(kinds.flatMap((kind) => some.map(([name, fault]) => [kind, name, fault] as const)))(
    '%s: %s',
    async (kind, _name, fault) => {
      const test = await createFaultCase();
      test.proxy.inject({ kind }, fault);
      await test.upload();
      await test.expectStored();
    },
  );
});

describe('slow is not broken', () => {
  const pauses = { pieces: 5, pauseMs: Math.round(IDLE_MS * 0.6) };

  it('a slow drip of a part takes longer than the idle timeout and is sent once', async () => {
    const test = await createFaultCase();
    // So big that the buffers of two sockets do not take it at once: then nobody can see that it moves.
    const body = Buffer.alloc(48 * 1024 ** 2, BODY);
    test.proxy.inject({ kind: 'part', partNumber: 1 }, drip({ pieces: 16, pauseMs: IDLE_MS / 8 }));
    await test.upload({ source: chunksOf(body), partBytes: 47 * 1024 ** 2 });
    await test.expectStored(body);
    expect(test.proxy.count('part')).toBe(2);
  });

  it('an answer to Complete that drips in is waited for', async () => {
    const test = await createFaultCase();
    test.proxy.inject({ kind: 'complete' }, drip(pauses));
    await test.upload();
    await test.expectStored();
    expect(test.proxy.count('complete')).toBe(1);
  });
});

describe('several at once', () => {
  it('many parts of which each third request fails in some way end in the right bytes', async () => {
    const test = await createFaultCase();
    const body = Buffer.concat([BODY, BODY, BODY]);
    const faults = [resetInBody, answer(503, 'SlowDown'), loseAnswer, delay(100, halfAnswer), answer(500)];
    test.proxy.inject({ kind: 'part', when: ({ nth }) => nth % 3 === 0, times: 99 }, inTurn(...faults));
    await test.upload({ source: chunksOf(body), concurrency: 4 });
    await test.expectStored(body);
  });
});
