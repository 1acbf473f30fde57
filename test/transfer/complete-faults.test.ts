import { describe, expect, it } from 'vitest';
import { StoreError } from '../../src/errors.ts';
import { bytesOf, KEY } from './bytes.ts';
import { answering, answerLost, denied, failing, hanging, noAnswer, slowDown } from './fault-store.ts';
import { BODY, expectNothing, expectStored, faulty } from './faulty-upload.ts';
import { createMemoryStore } from './memory-store.ts';

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

  it.each([
    ['a page of a proxy', { status: 500, retryable: true }],
    ['half an answer', { status: 200, retryable: false }],
    ['what is no HTTP', { retryable: false }],
  ])('answered by %s is never followed by an abort, nor by Complete after Complete', async (_, fields) => {
    const noWord = () => new StoreError('STORE_FAILED', 'no word', { operation: 'complete', ...fields });
    const test = faulty({ complete: failing(99, noWord) });
    await expect(test.run()).rejects.toThrow('not known whether');
    expect(test.store.count('complete')).toBeLessThanOrEqual(2);
    expect(test.store.count('abort')).toBe(0);
    expect(test.warnings[0]).toContain('first, and drop it only if it is not');
  });

  it('refused is no success because an older object is the same to the byte', async () => {
    for (const fault of [failing(99, denied), failing(99)]) {
      const inner = createMemoryStore();
      await faulty({}, inner).run({ metadata: { v: '1' } });
      const test = faulty({ complete: fault }, inner);
      const replacing = test.run({ ifExists: 'replace', metadata: { v: '2' }, maxRetries: 1 });
      await expect(replacing).rejects.toMatchObject({ name: 'StoreError' });
      expect((await inner.head(KEY))?.metadata).toEqual({ v: '1' });
      expect(await inner.openUploads('')).toEqual([]);
    }
  });

  it('refused because another run stored the very same says so, and drops the upload', async () => {
    const inner = createMemoryStore({ conditional: true });
    const test = faulty(
      {
        complete: async (_call, proceed) => {
          await faulty({}, inner).run({ resume: null });
          return proceed();
        },
      },
      inner,
    );
    await expect(test.run()).rejects.toMatchObject({ code: 'BACKUP_EXISTS' });
    expect(test.store.count('abort')).toBe(1);
    await expectStored(test);
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
    // That it was interrupted is known to who did it; that nobody knows the outcome is not.
    await expect(call).rejects.toMatchObject({
      message: expect.stringContaining('not known whether'),
      advice: expect.stringContaining('Look whether'),
      cause: reason,
    });
    expect(test.store.count('abort')).toBe(0);
    expect(test.warnings[0]).toContain('upload-1');
  });
});
