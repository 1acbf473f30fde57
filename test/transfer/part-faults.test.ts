import { describe, expect, it } from 'vitest';
import type { StoredPart } from '../../src/store/object-store.ts';
import { bytesOf, producer } from './bytes.ts';
import {
  answering,
  answerLost,
  denied,
  type Fault,
  failing,
  noAnswer,
  onPart,
  slowDown,
} from './fault-store.ts';
import { expectNothing, expectStored, faulty } from './faulty-upload.ts';

describe('parts', () => {
  it.each([
    ['refused for the moment', slowDown],
    ['without an answer', noAnswer],
  ])('%s are sent again', async (_, error) => {
    const test = faulty({ putPart: failing(3, error) });
    expect((await test.run()).retries).toBe(18);
    await expectStored(test);
  });

  it('that were stored though the answer was lost are sent again', async () => {
    const test = faulty({ putPart: answerLost(2) });
    await test.run();
    await expectStored(test);
  });

  it.each([{ etag: '' }, { bytes: 17 }, { partNumber: 9 }])(
    'answered with %o are sent again',
    async (odd) => {
      const change: Fault = answering((answer: StoredPart, { n }) =>
        n < 3 ? { ...answer, ...odd } : answer,
      );
      const test = faulty({ putPart: onPart(2, change) });
      expect((await test.run()).retries).toBe(2);
      await expectStored(test);
    },
  );

  it.each([1, 6])('answered with a wrong ETag do not become an object: part %d', async (number) => {
    const wrong: Fault = answering((answer: StoredPart) => ({ ...answer, etag: 'f'.repeat(32) }));
    const test = faulty({ putPart: onPart(number, wrong) });
    await expect(test.run()).rejects.toMatchObject({ code: 'MISMATCH' });
    await expectNothing(test);
  });

  it('answered with a wrong ETag do not become an object where parts cannot be listed either', async () => {
    const wrong: Fault = answering((answer: StoredPart) => ({ ...answer, etag: 'f'.repeat(32) }));
    const test = faulty({ putPart: onPart(1, wrong), listParts: failing(99, denied) });
    await expect(test.run()).rejects.toMatchObject({ storeCode: 'InvalidPart' });
    await expectNothing(test);
  });

  it('that fail too often fail the upload, with the number of attempts', async () => {
    const test = faulty({ putPart: onPart(2, failing(99)) });
    await expect(test.run({ maxRetries: 4 })).rejects.toThrow('(tried 5 times)');
    expect(test.store.calls.filter(({ partNumber }) => partNumber === 2)).toHaveLength(5);
    await expectNothing(test);
  });

  it('wait as long as the store asks', async () => {
    const test = faulty({
      putPart: onPart(
        2,
        failing(1, () => slowDown(12_345)),
      ),
    });
    await test.run();
    expect(test.delays).toEqual([12_345]);
  });

  it('in flight are over before the upload is dropped', async () => {
    const finished: number[] = [];
    const test = faulty({
      putPart: async (call, proceed) => {
        if (call.partNumber === 1) throw denied();
        await new Promise((resolve) => setTimeout(resolve, 30));
        finished.push(call.partNumber ?? 0);
        return proceed();
      },
      abort: async (_call, proceed) => {
        expect(finished.length).toBe(test.store.count('putPart') - 1);
        return proceed();
      },
    });
    await expect(test.run()).rejects.toMatchObject({ code: 'STORE_DENIED' });
    expect(test.store.count('abort')).toBe(1);
    await expectNothing(test);
  });

  it('need not be listed by stores that cannot or may not', async () => {
    const test = faulty({ listParts: failing(99, denied) });
    await test.run();
    await expectStored(test);
  });
});

describe('a single PUT', () => {
  it.each([
    ['refused for the moment', failing(2)],
    ['stored though the answer was lost', answerLost(2)],
  ])('%s is sent again', async (_, put) => {
    const test = faulty({ put });
    const result = await test.run({ source: producer(bytesOf(50)) });
    expect(result).toMatchObject({ retries: 2, parts: 1 });
    await expectStored(test, bytesOf(50));
  });

  it('that is denied stores nothing', async () => {
    const test = faulty({ put: failing(9, denied) });
    await expect(test.run({ source: producer(bytesOf(50)) })).rejects.toMatchObject({ code: 'STORE_DENIED' });
    await expectNothing(test);
  });
});
