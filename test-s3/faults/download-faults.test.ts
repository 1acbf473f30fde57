import { describe, expect, it } from 'vitest';
import {
  BODY,
  createFaultCase,
  failureOf,
  IDLE_MS,
  KEY,
  LONG_TIME_LIMIT_MS,
  retriesOf,
} from './fault-case.ts';
import type { Fault } from './fault-proxy.ts';
import {
  alter,
  answer,
  cutAnswer,
  drip,
  flipByte,
  halfAnswer,
  inTurn,
  neverAnswer,
  refuseConnections,
  resetBeforeBody,
} from './faults.ts';

/** An object of one PUT, whose ETag is its MD5, and what it is made of. */
const WHOLE = BODY.subarray(0, 3_000_000);

async function createStored() {
  const test = await createFaultCase();
  await test.direct.put(KEY, WHOLE);
  return test;
}

const TRANSIENT: ReadonlyArray<readonly [string, Fault]> = [
  ['connection refused', refuseConnections(300)],
  ['reset before the answer', resetBeforeBody],
  ['reset in the middle of the body', cutAnswer(1_000_000, 'reset')],
  ['a short body with a clean close', cutAnswer(1_000_000, 'close')],
  ['a body without any byte', cutAnswer(0, 'close')],
  ['a stall before the answer', neverAnswer],
  ['a stall in the middle of the body', cutAnswer(1_000_000, 'stall')],
  ['a stall before the last byte', cutAnswer(WHOLE.length - 1, 'stall')],
  ['half an answer', halfAnswer],
  ['500', answer(500, 'InternalError')],
  ['503 SlowDown', answer(503, 'SlowDown')],
  ['503 SlowDown with Retry-After', answer(503, 'SlowDown', { 'retry-after': '2' })],
  ['403 RequestTimeTooSkewed', answer(403, 'RequestTimeTooSkewed')],
];

describe('a download goes on at the byte it had reached after', () => {
  it.each(TRANSIENT)('%s', async (_name, fault) => {
    const test = await createStored();
    test.proxy.inject({ kind: 'get' }, fault);
    expect(WHOLE.equals(await test.download())).toBe(true);
    expect(retriesOf(test).length).toBeGreaterThan(0);
  });

  it('all of these, one after another', { timeout: LONG_TIME_LIMIT_MS }, async () => {
    const test = await createStored();
    const faults = TRANSIENT.filter(([name]) => name !== 'connection refused').map(([, fault]) => fault);
    test.proxy.inject({ kind: 'get', times: faults.length }, inTurn(...faults));
    expect(WHOLE.equals(await test.download())).toBe(true);
  });

  it('a HEAD that failed for now', async () => {
    const test = await createStored();
    test.proxy.inject(
      { kind: 'head', times: 4 },
      inTurn(resetBeforeBody, answer(503), neverAnswer, answer(500)),
    );
    expect(WHOLE.equals(await test.download())).toBe(true);
  });

  it('nothing but slowness: a drip longer than the idle timeout is read to its end, without asking twice', async () => {
    const test = await createStored();
    test.proxy.inject({ kind: 'get' }, drip({ pieces: 6, pauseMs: IDLE_MS / 2 }));
    expect(WHOLE.equals(await test.download())).toBe(true);
    expect(test.proxy.count('get')).toBe(1);
  });
});

describe('what came is never taken for the object when it is not', () => {
  it.each([0, 1_234_567, WHOLE.length - 1])(
    'a flipped byte at %i of an object of one PUT',
    async (offset) => {
      const test = await createStored();
      test.proxy.inject({ kind: 'get', times: 99 }, flipByte(offset));
      const error = await failureOf(test.download());
      expect(error).toMatchObject({ code: 'MISMATCH' });
      expect(error.message).toContain('md5');
    },
  );

  it('a body that ends early and claims to be as long as that', async () => {
    const test = await createStored();
    test.proxy.inject({ kind: 'get', times: 99 }, cutAnswer(1_000_000, 'length too short'));
    const error = await failureOf(test.download());
    expect(['MISMATCH', 'STORE_UNREACHABLE']).toContain(error.code);
  });

  it('a body that ends early and does not tell its length: it is shorter than its range, and gone on with', async () => {
    const test = await createStored();
    test.proxy.inject({ kind: 'get', times: 99 }, cutAnswer(1_000_000, 'no length'));
    expect((await test.download()).equals(WHOLE)).toBe(true);
    expect(test.proxy.count('get')).toBe(WHOLE.length / 1_000_000);
  });

  it('a body that is always short makes no end of retries', async () => {
    const test = await createStored();
    test.proxy.inject({ kind: 'get' }, cutAnswer(1_000_000, 'close'));
    test.proxy.inject({ kind: 'get', times: 999 }, cutAnswer(0, 'close'));
    const error = await failureOf(test.download());
    expect(error.message).toContain('tried 11 times');
  });

  it('an object that is replaced while it is read', async () => {
    const test = await createStored();
    test.proxy.inject({ kind: 'get' }, async (exchange) => {
      await cutAnswer(
        1_000_000,
        'reset',
      )({
        ...exchange,
        ask: async (body) => {
          const before = await exchange.ask(body);
          await test.direct.put(KEY, Buffer.alloc(WHOLE.length, 1));
          return before;
        },
      });
    });
    expect(await failureOf(test.download())).toMatchObject({ code: 'MISMATCH' });
  });

  it('an object whose HEAD tells another size', async () => {
    const test = await createStored();
    const shorter = alter(({ headers }) => ({ headers: { ...headers, 'content-length': '1000' } }));
    test.proxy.inject({ kind: 'head', times: 99 }, shorter);
    expect(await failureOf(test.download())).toMatchObject({ code: 'MISMATCH' });
  });

  it('an answer with the bytes of another range', async () => {
    const test = await createStored();
    test.proxy.inject({ kind: 'get' }, cutAnswer(1_000_000, 'reset'));
    const whole = alter(({ headers }) => ({
      status: 200,
      headers: {
        ...headers,
        'content-range': `bytes 0-999999/${WHOLE.length}`,
        'content-length': '1000000',
      },
      body: WHOLE.subarray(0, 1_000_000),
    }));
    test.proxy.inject({ kind: 'get', times: 99 }, whole);
    expect(await failureOf(test.download())).toMatchObject({ code: 'MISMATCH' });
  });
});

describe('what cannot be retried', () => {
  it.each([
    ['403', answer(403, 'AccessDenied'), { code: 'STORE_DENIED' }],
    ['an object removed meanwhile', answer(404, 'NoSuchKey'), { code: 'NO_SUCH_KEY' }],
    ['416', answer(416, 'InvalidRange'), { code: 'STORE_FAILED' }],
  ] as const)('%s is an error at once', async (_name, fault, expected) => {
    const test = await createStored();
    test.proxy.inject({ kind: 'get', times: 99 }, fault);
    expect(await failureOf(test.download())).toMatchObject(expected);
    expect(test.proxy.count('get')).toBe(1);
  });
});
