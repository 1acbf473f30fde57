import { describe, expect, it } from 'vitest';
import { StoreError } from '../../src/errors.ts';
import type { Logger } from '../../src/logger.ts';
import type { ObjectStore, StoredPart } from '../../src/store/object-store.ts';
import { createRetry } from '../../src/store/retry.ts';
import { retrying } from '../../src/store/retrying-store.ts';
import { type UploadOptions, upload } from '../../src/transfer/upload.ts';
import {
  bytesOf,
  instantSleep,
  KEY,
  leftovers,
  NOTHING,
  producer,
  readObject,
  temporaryDirectoryStore,
} from './bytes.ts';
import {
  answering,
  answerLost,
  createFaultStore,
  denied,
  type Fault,
  type FaultStore,
  failing,
  hanging,
  noAnswer,
  type Operation,
  onPart,
  slowDown,
} from './fault-store.ts';
import { createMemoryStore, KIB, SMALL_LIMITS } from './memory-store.ts';

const PART = 4 * KIB;
const BODY = bytesOf(5 * PART + 100);

interface Case {
  readonly inner: ObjectStore;
  readonly store: FaultStore;
  readonly warnings: string[];
  readonly delays: readonly number[];
  run(options?: Partial<UploadOptions>): ReturnType<typeof upload>;
}

function faulty(
  faults: Partial<Record<Operation, Fault>>,
  inner = createMemoryStore(),
  limits = SMALL_LIMITS,
): Case {
  const store = createFaultStore(inner, { faults, limits });
  const { sleep, delays } = instantSleep();
  const warnings: string[] = [];
  const logger: Logger = { debug() {}, info() {}, warn: (_facts, message) => warnings.push(message) };
  const run = (options: Partial<UploadOptions> = {}) =>
    upload({ store, key: KEY, source: producer(BODY), partBytes: PART, sleep, logger, ...options });
  return { inner, store, warnings, delays, run };
}

async function expectStored({ inner }: Case, body = BODY) {
  expect((await readObject(inner)).equals(body)).toBe(true);
  expect(await inner.openUploads('')).toEqual([]);
}

async function expectNothing({ inner }: Case) {
  expect(await leftovers(inner)).toEqual(NOTHING);
}

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

describe('Complete', () => {
  it('refused for the moment is sent again', async () => {
    const test = faulty({ complete: failing(3) });
    await test.run();
    expect(test.store.count('complete')).toBe(4);
    await expectStored(test);
  });

  it('refused for good drops the upload', async () => {
    const test = faulty({ complete: failing(99, denied) });
    await expect(test.run()).rejects.toMatchObject({ code: 'STORE_DENIED' });
    expect(test.store.count('complete')).toBe(1);
    await expectNothing(test);
  });

  it('refused every time drops the upload in the end', async () => {
    const test = faulty({ complete: failing(99) });
    await expect(test.run({ maxRetries: 2 })).rejects.toThrow('(tried 3 times)');
    expect(test.store.count('complete')).toBe(3);
    await expectNothing(test);
  });

  it('that takes effect only minutes after its answer was lost is found', async () => {
    const inner = createMemoryStore();
    let late: (() => Promise<unknown>) | undefined;
    let looks = 0;
    const test = faulty(
      {
        complete: async (_call, proceed) => {
          late = proceed;
          throw noAnswer();
        },
        head: async (_call, proceed) => {
          if (late) looks += 1;
          if (looks === 4) await late?.();
          return proceed();
        },
      },
      inner,
    );
    await test.run();
    expect(test.store.count('complete')).toBe(1);
    await expectStored(test);
  });

  it('without an answer twice leaves the upload alone and says that the outcome is unknown', async () => {
    const test = faulty({ complete: failing(99, noAnswer) });
    const error = await test.run().catch((e: unknown) => e);
    expect(error).toBeInstanceOf(StoreError);
    expect(error).toMatchObject({
      code: 'STORE_UNREACHABLE',
      message: expect.stringContaining('not known whether'),
      advice: expect.stringContaining(
        `aws s3api abort-multipart-upload --bucket memory --key '${KEY}' --upload-id upload-1`,
      ),
    });
    expect(test.store.count('complete')).toBe(2);
    expect(test.store.count('abort')).toBe(0);
    expect(test.warnings).toHaveLength(1);
  });

  it.each([
    ['refused every time', () => slowDown()],
    ['refused for good', denied],
  ])(
    'without an answer and then %s leaves the upload alone: the first may still be at work',
    async (_, error) => {
      const test = faulty({ complete: ({ n }) => Promise.reject(n === 1 ? noAnswer() : error()) });
      await expect(test.run({ maxRetries: 2 })).rejects.toThrow('not known whether');
      expect(test.store.count('complete')).toBeGreaterThan(1);
      expect(test.store.count('abort')).toBe(0);
    },
  );

  it('answered by a gateway that lost patience counts as not answered', async () => {
    const failure = { operation: 'complete', status: 504, retryable: true };
    const timeout = () => new StoreError('STORE_FAILED', 'Gateway Timeout', failure);
    const test = faulty({ complete: failing(99, timeout) });
    await expect(test.run()).rejects.toThrow('not known whether');
    expect(test.store.count('complete')).toBe(2);
    expect(test.store.count('abort')).toBe(0);
  });

  it('is not sent when the upload was interrupted just before', async () => {
    const abort = new AbortController();
    const test = faulty({
      listParts: answering((parts) => {
        abort.abort(new Error('SIGTERM'));
        return parts;
      }),
    });
    await expect(test.run({ signal: abort.signal, ifExists: 'replace' })).rejects.toThrow('SIGTERM');
    expect(test.store.count('complete')).toBe(0);
    await expectNothing(test);
  });

  it('repeated after a success whose answer was lost says NoSuchUpload: that is a success', async () => {
    let hidden = true;
    const test = faulty({
      complete: answerLost(),
      // The object shows late, and the upload is still listed meanwhile.
      head: async (_call, proceed) => {
        if (test.store.count('complete') === 2) hidden = false;
        return hidden ? undefined : proceed();
      },
      openUploads: async () => [{ key: KEY, uploadId: 'upload-1' }],
    });
    await test.run({ resume: null });
    expect(test.store.count('complete')).toBe(2);
    await expectStored(test);
  });

  it('does not take an older object of the same length for its own', async () => {
    const inner = createMemoryStore({ encrypted: true });
    await inner.put(KEY, bytesOf(BODY.byteLength, 7));
    const test = faulty({ complete: failing(1, noAnswer) }, inner);
    await test.run({ ifExists: 'replace' });
    expect(test.store.count('complete')).toBe(2);
    await expectStored(test);
  });

  it('whose effect nobody can look at is unknown', async () => {
    const test = faulty({
      complete: answerLost(),
      openUploads: failing(99, denied),
      head: failing(99, noAnswer),
    });
    await expect(test.run({ maxRetries: 1, ifExists: 'replace' })).rejects.toThrow('not known whether');
    expect(test.store.count('abort')).toBe(0);
    await expectStored(test);
  });

  it('that never answers ends when it is interrupted, and the upload is left alone', async () => {
    const test = faulty({ complete: hanging });
    const abort = new AbortController();
    const reason = new Error('SIGTERM');
    const call = test.run({ signal: abort.signal });
    setTimeout(() => abort.abort(reason), 50);
    await expect(call).rejects.toBe(reason);
    expect(test.store.count('abort')).toBe(0);
    expect(test.warnings[0]).toContain('upload-1');
  });
});

describe('the look at the finished object', () => {
  it.each([10, BODY.byteLength])(
    'removes what is ours and shows another size (%d bytes sent)',
    async (length) => {
      const head = answering((info) => info && { ...info, bytes: info.bytes - 1 });
      const test = faulty({ head });
      const call = test.run({ source: producer(BODY.subarray(0, length)) });
      await expect(call).rejects.toMatchObject({
        code: 'MISMATCH',
        message: expect.stringContaining(`${length}`),
      });
      await expectNothing(test);
    },
  );

  it.each([10, BODY.byteLength])('leaves alone what somebody else stored (%d bytes sent)', async (length) => {
    const theirs = bytesOf(7, 3);
    const inner = createMemoryStore();
    const replaced: Fault = async (_call, proceed) => {
      const answer = await proceed();
      await inner.put(KEY, theirs);
      return answer;
    };
    const test = faulty(length === 10 ? { put: replaced } : { complete: replaced }, inner);
    await expect(test.run({ source: producer(BODY.subarray(0, length)) })).rejects.toMatchObject({
      code: 'MISMATCH',
      advice: expect.stringContaining('left as it is'),
    });
    expect((await readObject(inner)).equals(theirs)).toBe(true);
  });

  it('notices an object of the right size with other bytes', async () => {
    const inner = createMemoryStore();
    const test = faulty({ put: (_call, _proceed) => inner.put(KEY, bytesOf(10, 5)) }, inner);
    const call = test.run({ source: producer(bytesOf(10)) });
    await expect(call).rejects.toMatchObject({ code: 'MISMATCH', message: expect.stringContaining('md5') });
    await expectNothing(test);
  });

  it('notices parts put together in another way', async () => {
    const inner = createMemoryStore();
    const swapped: Fault = async (_call, proceed) => {
      await proceed();
      const other = await inner.startUpload(KEY);
      const parts: StoredPart[] = [];
      for (let i = 0; i < 6; i += 1) {
        const part = BODY.subarray(i * PART, (i + 1) * PART);
        parts.push(await other.putPart(i + 1, i === 0 ? bytesOf(PART, 99) : part));
      }
      return other.complete(parts);
    };
    const test = faulty({ complete: swapped }, inner);
    await expect(test.run()).rejects.toMatchObject({
      code: 'MISMATCH',
      message: expect.stringContaining('ETag'),
    });
    await expectNothing(test);
  });

  it('looks again when the object shows a moment later', async () => {
    const test = faulty({ head: (call, proceed) => (call.n === 1 ? Promise.resolve(undefined) : proceed()) });
    await test.run({ ifExists: 'replace' });
    expect(test.delays).toEqual([1_000]);
    await expectStored(test);
  });

  it('is by a listing where HEAD is refused', async () => {
    const test = faulty({ head: failing(99, denied) });
    await test.run({ ifExists: 'replace' });
    await expectStored(test);
  });

  it('says so when the object was stored and cannot be looked at', async () => {
    const inner = createMemoryStore();
    const test = faulty({ head: failing(99, denied) }, inner);
    Object.assign(test.store, {
      // biome-ignore lint/correctness/useYield: it fails before there is anything to yield
      async *list() {
        throw denied();
      },
    });
    await expect(test.run({ ifExists: 'replace' })).rejects.toMatchObject({
      code: 'STORE_DENIED',
      message: expect.stringContaining('was stored, but could not be checked'),
    });
    await expectStored(test);
  });

  it.each([
    ['whose ETags look like MD5s and are none', { encrypted: true }],
    ['whose Complete tells no ETag', { silentComplete: true }],
  ])('does not mistrust a store %s', async (_, options) => {
    for (const length of [10, BODY.byteLength]) {
      const test = faulty({}, createMemoryStore(options));
      const body = BODY.subarray(0, length);
      const { etag } = await test.run({ source: producer(body) });
      expect(etag).toBe((await test.inner.head(KEY))?.etag);
      await expectStored(test, body);
    }
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

describe('dropping the upload', () => {
  it('is tried again', async () => {
    const test = faulty({ putPart: failing(99, denied), abort: failing(3, noAnswer) });
    await expect(test.run()).rejects.toMatchObject({ code: 'STORE_DENIED' });
    await expectNothing(test);
  });

  it('is done again when a late part brings the upload back', async () => {
    const listed: Fault = async ({ n }, proceed) =>
      n < 3 ? [{ key: KEY, uploadId: 'upload-1' }] : proceed();
    const test = faulty({ putPart: failing(99, denied), openUploads: listed });
    await expect(test.run({ resume: null })).rejects.toMatchObject({ code: 'STORE_DENIED' });
    expect(test.store.count('abort')).toBe(3);
    await expectNothing(test);
  });

  it('is no warning for who may not list uploads', async () => {
    const test = faulty({ putPart: failing(99, denied), openUploads: failing(99, denied) });
    await expect(test.run()).rejects.toMatchObject({ code: 'STORE_DENIED' });
    expect(test.warnings).toEqual([]);
    await expectNothing(test);
  });

  it('that fails is a warning that names the upload; the error stays the first one', async () => {
    const test = faulty({ abort: failing(99, denied) });
    const source = producer(BODY, 700, new Error('exited with status 1'));
    await expect(test.run({ source })).rejects.toThrow('exited with status 1');
    expect(test.warnings).toHaveLength(1);
    expect(test.warnings[0]).toContain('--upload-id upload-1');
  });

  it('that never answers does not hold up an interrupted command for long', async () => {
    const test = faulty({ abort: () => new Promise(() => {}), putPart: hanging });
    const abort = new AbortController();
    const startedAt = performance.now();
    const call = test.run({ signal: abort.signal });
    setTimeout(() => abort.abort(new Error('SIGTERM')), 20);
    await expect(call).rejects.toThrow('SIGTERM');
    expect(performance.now() - startedAt).toBeLessThan(15_000);
    expect(test.warnings[0]).toContain('did not answer within 3 seconds');
  });
});

describe('on a real directory', () => {
  it('parts are sent again, and Complete’s lost answer is found out', async () => {
    const inner = { ...(await temporaryDirectoryStore()), limits: SMALL_LIMITS };
    const test = faulty({ putPart: answerLost(2), complete: answerLost() }, inner);
    await test.run();
    expect(test.store.count('complete')).toBe(1);
    await expectStored(test);
  });

  it('a refused Complete, a wrong size and a failing source leave nothing', async () => {
    const inner = { ...(await temporaryDirectoryStore()), limits: SMALL_LIMITS };
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
