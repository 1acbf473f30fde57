import { describe, expect, it } from 'vitest';
import { KEY, producer } from './bytes.ts';
import { denied, type Fault, failing, hanging, noAnswer } from './fault-store.ts';
import { BODY, expectNothing, faulty } from './faulty-upload.ts';

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
    const abort = new AbortController();
    const test = faulty({
      abort: () => new Promise(() => {}),
      putPart: (call, proceed) => {
        abort.abort(new Error('SIGTERM'));
        return hanging(call, proceed);
      },
    });
    const startedAt = performance.now();
    await expect(test.run({ signal: abort.signal })).rejects.toThrow('SIGTERM');
    expect(performance.now() - startedAt).toBeLessThan(15_000);
    expect(test.warnings[0]).toContain('did not answer within 3 seconds');
  });
});
