import { describe, expect, it } from 'vitest';
import { StoreError } from '../../src/errors.ts';
import type { StoredPart } from '../../src/store/object-store.ts';
import { createRetry } from '../../src/store/retry.ts';
import { retrying } from '../../src/store/retrying-store.ts';
import type { UploadOptions } from '../../src/transfer/upload.ts';
import { instantSleep, KEY, producer } from './bytes.ts';
import {
  answering,
  answerLost,
  denied,
  type Fault,
  failing,
  noAnswer,
  type Operation,
  onPart,
} from './fault-store.ts';
import { BODY, expectNothing, expectStored, faulty } from './faulty-upload.ts';
import { createMemoryStore, SMALL_LIMITS } from './memory-store.ts';
import { PART } from './put-parts.ts';
import { smallDirectoryStore } from './small-stores.ts';

describe('how data was lost elsewhere', () => {
  it('a producer died and the uploader completed a truncated object: only a source that ended well is completed', async () => {
    const test = faulty({});
    const source = producer(BODY, PART, new Error('exited with status 1'));
    await expect(test.run({ source })).rejects.toThrow('exited with status 1');
    expect(test.store.count('complete')).toBe(0);
    await expectNothing(test);
  });

  it('a failed part was swallowed and the rest completed: one part that fails for good fails the upload', async () => {
    const test = faulty({ putPart: onPart(3, failing(99, denied)) });
    await expect(test.run()).rejects.toMatchObject({ code: 'STORE_DENIED' });
    expect(test.store.count('complete')).toBe(0);
    await expectNothing(test);
  });

  it('a part that the store lost: what the store lists is compared before Complete', async () => {
    const test = faulty({
      listParts: answering((parts: StoredPart[]) => parts.filter((part) => part.partNumber !== 2)),
    });
    await expect(test.run()).rejects.toMatchObject({
      code: 'MISMATCH',
      message: expect.stringContaining('has 5'),
    });
    expect(test.store.count('complete')).toBe(0);
    await expectNothing(test);
  });

  it.each([
    ['bytes', { bytes: PART - 1 }],
    ['ETag', { etag: '0'.repeat(32) }],
  ])('a part that the store has with other %s', async (_, other) => {
    const change = (parts: StoredPart[]) =>
      parts.map((part) => (part.partNumber === 4 ? { ...part, ...other } : part));
    const test = faulty({ listParts: answering(change) });
    await expect(test.run()).rejects.toMatchObject({
      code: 'MISMATCH',
      message: expect.stringContaining('part 4'),
    });
    await expectNothing(test);
  });

  it('Complete timed out, the client aborted, the store had completed: HEAD first, and no abort', async () => {
    const test = faulty({ complete: answerLost() });
    const result = await test.run();
    expect(result.etag).toBe((await test.inner.head(KEY))?.etag);
    expect(test.store.count('complete')).toBe(1);
    expect(test.store.count('abort')).toBe(0);
    await expectStored(test);
  });

  it('a second Complete was sent blindly: it is sent only after the store showed no object and an open upload', async () => {
    const test = faulty({ complete: failing(1, noAnswer) });
    await test.run();
    const operations = test.store.calls.map(({ operation }) => operation);
    const afterFirst = operations.slice(operations.indexOf('complete'));
    expect(afterFirst.slice(0, 3)).toEqual(['complete', 'head', 'openUploads']);
    expect(test.store.count('complete')).toBe(2);
    // It was looked for over a minute and a half: an unanswered Complete may still be at work.
    expect(test.delays.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThan(80_000);
    await expectStored(test);
  });

  it('part 10,001 after hours: a stream that outgrows its parts fails before one too many is sent', async () => {
    const test = faulty({}, createMemoryStore(), { ...SMALL_LIMITS, maxParts: 5, equalParts: true });
    await expect(test.run()).rejects.toMatchObject({
      code: 'STREAM_TOO_LONG',
      advice: expect.stringContaining('--estimated'),
    });
    expect(Math.max(...test.store.calls.map(({ partNumber }) => partNumber ?? 0))).toBeLessThanOrEqual(5);
    await expectNothing(test);
  });

  it('exactly as many parts as the store takes are no part too many', async () => {
    const test = faulty({}, createMemoryStore(), { ...SMALL_LIMITS, maxParts: 6, equalParts: true });
    expect((await test.run()).parts).toBe(6);
    await expectStored(test);
  });

  it('a stream longer than the longest object fails before it is sent', async () => {
    const limits = { ...SMALL_LIMITS, maxObjectBytes: 5 * PART };
    const test = faulty({}, createMemoryStore(), limits);
    await expect(test.run()).rejects.toMatchObject({ code: 'STREAM_TOO_LONG' });
    await expectNothing(test);
  });

  it('a short read of a pipe was taken for the last part: parts are filled until the stream ended', async () => {
    const test = faulty({});
    async function* trickle() {
      for (const byte of BODY.subarray(0, 2 * PART + 10)) yield Uint8Array.of(byte);
    }
    const result = await test.run({ source: trickle() });
    expect(result.parts).toBe(3);
    await expectStored(test, BODY.subarray(0, 2 * PART + 10));
  });

  it('a part without an upload ID overwrote the key: no part is sent without one', async () => {
    const test = faulty({
      startUpload: answering((started: object) => ({ ...started, uploadId: undefined })),
    });
    await expect(test.run({ maxRetries: 1 })).rejects.toThrow('without telling its ID');
    expect(test.store.count('putPart')).toBe(0);
  });
});

describe('an upload whose start had no answer', () => {
  const asked = async (settled: boolean) => {
    const failure = { operation: 'startUpload', settled, retryable: true };
    const test = faulty({
      startUpload: failing(1, () => new StoreError('STORE_UNREACHABLE', 'no answer', failure)),
    });
    await test.run();
    return test.store.count('openUploads');
  };

  it('is looked for where the store may have been asked', async () => {
    expect(await asked(true)).toBeLessThan(await asked(false));
  });
});

describe('a store that retries by itself', () => {
  function retryingTest(faults: Partial<Record<Operation, Fault>>) {
    const test = faulty(faults);
    const { sleep } = instantSleep();
    const store = retrying(test.store, createRetry({ attempts: 7, sleep }));
    return { ...test, run: (options: Partial<UploadOptions> = {}) => test.run({ store, ...options }) };
  }

  it('leaves it to the upload, which counts its retries and obeys its own limit', async () => {
    const test = retryingTest({ putPart: failing(3) });
    expect((await test.run()).retries).toBe(18);
    await expectStored(test);
    const strict = retryingTest({ putPart: failing(3) });
    await expect(strict.run({ maxRetries: 2 })).rejects.toThrow('(tried 3 times)');
    await expectNothing(strict);
  });

  it('and has never answered is given up soon', async () => {
    const test = retryingTest({ head: failing(99, noAnswer) });
    await expect(test.run()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    expect(test.store.count('head')).toBe(3);
  });

  it('and has answered once is tried as often as it takes', async () => {
    const test = retryingTest({ startUpload: failing(8, noAnswer) });
    await test.run();
    await expectStored(test);
  });
});

describe('on a real directory', () => {
  it('parts are sent again, and Complete’s lost answer is found out', async () => {
    const inner = await smallDirectoryStore();
    const test = faulty({ putPart: answerLost(2), complete: answerLost() }, inner);
    await test.run();
    expect(test.store.count('complete')).toBe(1);
    await expectStored(test);
  });

  it('a refused Complete, a wrong size and a failing source leave nothing', async () => {
    const inner = await smallDirectoryStore();
    const wrongSize = answering((info) => info && { ...info, bytes: 1 });
    const tests = [faulty({ complete: failing(99, denied) }, inner), faulty({ head: wrongSize }, inner)];
    for (const test of tests) {
      await expect(test.run()).rejects.toBeInstanceOf(Error);
      await expectNothing(test);
    }
    const source = producer(BODY, 700, new Error('exited with status 1'));
    const last = faulty({}, inner);
    await expect(last.run({ source })).rejects.toThrow('exited with status 1');
    await expectNothing(last);
  });
});
