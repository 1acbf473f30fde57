import { describe, expect, it } from 'vitest';
import { createSecondKey, s3Credentials } from '../s3.ts';
import { createFaultCase, failureOf } from './fault-case.ts';
import { answer } from './faults.ts';

describe('credentials that expire in the middle', () => {
  /** Gives another session each time; the real keys from the second on, unless `good` says otherwise. */
  function createProvider(bad: number) {
    const keys = s3Credentials();
    let asked = 0;
    const provider = async () => {
      asked += 1;
      return asked <= bad ? { ...keys, accessKeyId: `rotated-away-${asked}` } : keys;
    };
    return { provider, asked: () => asked };
  }

  it('are renewed by their provider, once for all parts in flight, and the upload goes on', async () => {
    let asked = 0;
    let before = '';
    const test = await createFaultCase({
      credentials: async () => {
        asked += 1;
        if (asked > 1) return s3Credentials();
        const first = await createSecondKey();
        before = first.accessKeyId;
        return first;
      },
    });
    const isOld = ({ accessKeyId }: { accessKeyId: string | undefined }) => accessKeyId === before;
    test.proxy.inject({ kind: 'part', when: isOld, times: 99 }, answer(400, 'ExpiredToken'));
    await test.upload();
    await test.expectStored();
    expect(asked).toBe(2);
    const parts = test.proxy.seen.filter(({ kind }) => kind === 'part');
    expect(parts.filter((part) => isOld(part)).length).toBeGreaterThan(0);
    expect(parts.filter((part) => !isOld(part))).toHaveLength(3);
  });

  it.each([1, 3])('that the store does not know (%i times) are asked for again', async (bad) => {
    const { provider, asked } = createProvider(bad);
    const test = await createFaultCase({ credentials: provider });
    await test.upload();
    await test.expectStored();
    expect(asked()).toBe(bad + 1);
  });

  it('refused for Complete are renewed, and it is repeated', async () => {
    const test = await createFaultCase({
      credentials: async () => (test.proxy.count('complete') > 0 ? s3Credentials() : createSecondKey()),
    });
    test.proxy.inject({ kind: 'complete' }, answer(400, 'ExpiredToken'));
    await test.upload();
    await test.expectStored();
    expect(test.proxy.count('complete')).toBe(2);
  });

  it('that are the same when renewed are an error, asked for twice and not ten times', async () => {
    const { provider, asked } = createProvider(0);
    const test = await createFaultCase({ credentials: provider });
    test.proxy.inject({ kind: 'part', times: 99 }, answer(400, 'ExpiredToken'));
    const error = await failureOf(test.upload({ concurrency: 1 }));
    expect(error).toMatchObject({ code: 'STORE_DENIED', storeCode: 'ExpiredToken', retryable: false });
    expect(error.message).toContain('the credentials have expired');
    expect(asked()).toBe(2);
    await test.expectNothing();
  });

  it('whose provider fails keep the error of the store', async () => {
    let asked = 0;
    const test = await createFaultCase({
      credentials: async () => {
        asked += 1;
        if (asked > 1) throw new Error('the token service is down');
        return s3Credentials();
      },
    });
    test.proxy.inject({ kind: 'part', partNumber: 2 }, answer(403, 'ExpiredToken'));
    expect(await failureOf(test.upload())).toMatchObject({ storeCode: 'ExpiredToken', retryable: false });
    await test.expectNothing();
  });
});
