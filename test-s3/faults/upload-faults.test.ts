import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  BODY,
  chunksOf,
  createFaultCase,
  type FaultCase,
  failureOf,
  IDLE_MS,
  KEY,
  PART,
  TIME_LIMIT_MS,
} from './fault-case.ts';
import { type Fault, type Match, pass } from './fault-proxy.ts';
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

const LONG_TIME_LIMIT_MS = 40_000;

// A gateway that has just started takes longer for its first upload than the short time limits of these tests.
beforeAll(async () => {
  const { upload } = await createFaultCase();
  await upload().catch(() => {});
}, LONG_TIME_LIMIT_MS);

const retriesOf = ({ log }: FaultCase, operation: string) =>
  log.filter(
    ({ level, facts }) => level === 'debug' && facts['operation'] === operation && 'delayMs' in facts,
  );

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
  it.each(TRANSIENT)(
    '%s',
    async (_name, fault) => {
      const test = await createFaultCase();
      test.proxy.inject({ kind: 'part', partNumber: 2 }, fault);
      const result = await test.upload();
      await test.expectStored();
      expect(test.proxy.count('part', ({ partNumber }) => partNumber === 2)).toBe(2);
      expect(test.proxy.count('abort')).toBe(0);
      expect(result.retries).toBeGreaterThan(0);
      expect(retriesOf(test, 'part 2').length).toBeGreaterThan(0);
    },
    TIME_LIMIT_MS,
  );

  it(
    'all of these, one after another',
    async () => {
      const test = await createFaultCase();
      const [first, ...others] = TRANSIENT.filter(([name]) => name !== 'connection refused').map(
        ([, f]) => f,
      );
      const faults = [first as Fault, ...others] as const;
      test.proxy.inject({ kind: 'part', partNumber: 3, times: faults.length }, inTurn(...faults));
      await test.upload({ maxRetries: faults.length });
      await test.expectStored();
      expect(retriesOf(test, 'part 3')).toHaveLength(faults.length);
    },
    LONG_TIME_LIMIT_MS,
  );
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
    TIME_LIMIT_MS,
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
    TIME_LIMIT_MS,
  );
});

describe('slow is not broken', () => {
  const pauses = { pieces: 5, pauseMs: Math.round(IDLE_MS * 0.6) };

  it(
    'a slow drip of a part takes longer than the idle timeout and is sent once',
    async () => {
      const test = await createFaultCase();
      // So big that the buffers of two sockets do not take it at once: then nobody can see that it moves.
      const body = Buffer.alloc(48 * 1024 ** 2, BODY);
      test.proxy.inject({ kind: 'part', partNumber: 1 }, drip({ pieces: 16, pauseMs: IDLE_MS / 5 }));
      await test.upload({ source: chunksOf(body), partBytes: 47 * 1024 ** 2 });
      await test.expectStored(body);
      expect(test.proxy.count('part')).toBe(2);
    },
    TIME_LIMIT_MS,
  );

  it(
    'an answer to Complete that drips in is waited for',
    async () => {
      const test = await createFaultCase();
      test.proxy.inject({ kind: 'complete' }, drip(pauses));
      await test.upload();
      await test.expectStored();
      expect(test.proxy.count('complete')).toBe(1);
    },
    TIME_LIMIT_MS,
  );
});

describe('what cannot be retried is an error, with neither object nor open upload', () => {
  const FOR_GOOD: ReadonlyArray<readonly [string, Fault, object]> = [
    ['403 for one part', answer(403, 'AccessDenied'), { code: 'STORE_DENIED', status: 403 }],
    ['404 NoSuchUpload in the middle', answer(404, 'NoSuchUpload'), { storeCode: 'NoSuchUpload' }],
    ['400 InvalidArgument', answer(400, 'InvalidArgument'), { code: 'STORE_FAILED', status: 400 }],
    ['expired credentials that nobody can renew', answer(400, 'ExpiredToken'), { code: 'STORE_DENIED' }],
    ['a certificate of a proxy: an HTML page', answer(511), { status: 511 }],
  ];

  it.each(FOR_GOOD)(
    '%s',
    async (_name, fault, expected) => {
      const test = await createFaultCase();
      test.proxy.inject({ kind: 'part', partNumber: 2, times: 99 }, fault);
      expect(await failureOf(test.upload())).toMatchObject({ ...expected, partNumber: 2, retryable: false });
      expect(test.proxy.count('part', ({ partNumber }) => partNumber === 2)).toBe(1);
      expect(test.proxy.count('complete')).toBe(0);
      await test.expectNothing();
    },
    TIME_LIMIT_MS,
  );

  it(
    'an upload that somebody dropped in the middle',
    async () => {
      const test = await createFaultCase();
      test.proxy.inject({ kind: 'part', partNumber: 3 }, async (exchange) => {
        for (const open of await test.direct.openUploads('')) await open.abort();
        exchange.reply(await exchange.ask(await exchange.readBody()));
      });
      expect(await failureOf(test.upload({ concurrency: 1 }))).toMatchObject({ storeCode: 'NoSuchUpload' });
      await test.expectNothing();
    },
    TIME_LIMIT_MS,
  );

  it(
    'a part answered 200 with a wrong ETag',
    async () => {
      const test = await createFaultCase();
      const wrong = alter(({ headers }) => ({ headers: { ...headers, etag: `"${'0'.repeat(32)}"` } }));
      test.proxy.inject({ kind: 'part', partNumber: 2 }, wrong);
      expect(await failureOf(test.upload())).toMatchObject({ code: 'MISMATCH' });
      expect(test.proxy.count('complete')).toBe(0);
      await test.expectNothing();
    },
    TIME_LIMIT_MS,
  );

  it(
    'a host name without an address',
    async () => {
      const test = await createFaultCase({ endpoint: 'http://no-such-host.invalid' });
      const error = await failureOf(test.upload({ maxRetries: 2 }));
      expect(error).toMatchObject({ code: 'STORE_UNREACHABLE' });
      expect(error.message).toMatch(/cannot be found by name \((ENOTFOUND|EAI_AGAIN)\).*tried 3 times/);
      await test.expectNothing();
    },
    TIME_LIMIT_MS,
  );
});

describe('the budget of retries', () => {
  const broken: Match = { kind: 'part', partNumber: 2, times: 999 };

  it(
    'is per part: ten retries by default, each a line at debug, each wait below a doubling ceiling',
    async () => {
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
    },
    TIME_LIMIT_MS,
  );

  it.each([0, 3])(
    'obeys MAX_RETRIES=%i',
    async (maxRetries) => {
      const test = await createFaultCase();
      test.proxy.inject(broken, answer(503, 'SlowDown'));
      expect(await failureOf(test.upload({ maxRetries }))).toMatchObject({ storeCode: 'SlowDown' });
      expect(test.proxy.count('part', ({ partNumber }) => partNumber === 2)).toBe(maxRetries + 1);
      await test.expectNothing();
    },
    TIME_LIMIT_MS,
  );

  it(
    'is not used up by the store asking for time, which it gets',
    async () => {
      const test = await createFaultCase();
      test.proxy.inject(
        { kind: 'part', partNumber: 2, times: 2 },
        answer(503, 'SlowDown', { 'retry-after': '7' }),
      );
      await test.upload();
      await test.expectStored();
      expect(test.delays.filter((ms) => ms >= 7_000)).toHaveLength(2);
    },
    TIME_LIMIT_MS,
  );

  it(
    'waits for real where the store asks for a second',
    async () => {
      const test = await createFaultCase();
      test.proxy.inject({ kind: 'part', partNumber: 3 }, answer(503, 'SlowDown', { 'retry-after': '1' }));
      await test.upload({ sleep: undefined });
      const [first, second] = test.proxy.seen.filter(({ partNumber }) => partNumber === 3);
      expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(1_000);
      await test.expectStored();
    },
    TIME_LIMIT_MS,
  );

  it(
    'and a store that was reached and then stays silent is given up',
    async () => {
      const test = await createFaultCase();
      test.proxy.inject({ kind: 'part', times: 999 }, neverAnswer);
      const error = await failureOf(test.upload({ maxRetries: 1 }));
      expect(error).toMatchObject({ code: 'STORE_UNREACHABLE' });
      expect(error.message).toContain('does not answer');
      await test.expectNothing();
    },
    TIME_LIMIT_MS,
  );
});

describe('a store that asks to slow down', () => {
  it(
    'gets fewer parts at once, and as many as before when it is well again',
    async () => {
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
    },
    TIME_LIMIT_MS,
  );
});

describe('several at once', () => {
  it(
    'many parts of which each third request fails in some way end in the right bytes',
    async () => {
      const test = await createFaultCase();
      const body = Buffer.concat([BODY, BODY, BODY]);
      const faults = [
        resetInBody,
        answer(503, 'SlowDown'),
        loseAnswer,
        delay(100, halfAnswer),
        answer(500),
      ] as const;
      test.proxy.inject({ kind: 'part', when: ({ nth }) => nth % 3 === 0, times: 99 }, inTurn(...faults));
      await test.upload({ source: chunksOf(body), concurrency: 4 });
      await test.expectStored(body);
    },
    TIME_LIMIT_MS,
  );
});
