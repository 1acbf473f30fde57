import { describe, expect, it } from 'vitest';
import { createFaultCase, failureOf, KEY } from './fault-case.ts';
import type { Fault } from './fault-proxy.ts';
import { alter, answer, inTurn, resetBeforeBody } from './faults.ts';

describe('what cannot be retried is an error, with neither object nor open upload', () => {
  const FOR_GOOD: ReadonlyArray<readonly [string, Fault, object]> = [
    ['403 for one part', answer(403, 'AccessDenied'), { code: 'STORE_DENIED', status: 403 }],
    ['404 NoSuchUpload in the middle', answer(404, 'NoSuchUpload'), { storeCode: 'NoSuchUpload' }],
    ['400 InvalidArgument', answer(400, 'InvalidArgument'), { code: 'STORE_FAILED', status: 400 }],
    ['expired credentials that nobody can renew', answer(400, 'ExpiredToken'), { code: 'STORE_DENIED' }],
    ['a certificate of a proxy: an HTML page', answer(511), { status: 511 }],
  ];

  it.each(FOR_GOOD)('%s', async (_name, fault, expected) => {
    const test = await createFaultCase();
    test.proxy.inject({ kind: 'part', partNumber: 2, times: 99 }, fault);
    expect(await failureOf(test.upload())).toMatchObject({ ...expected, partNumber: 2, retryable: false });
    expect(test.proxy.count('part', ({ partNumber }) => partNumber === 2)).toBe(1);
    expect(test.proxy.count('complete')).toBe(0);
    await test.expectNothing();
  });

  it('an upload that somebody dropped in the middle', async () => {
    const test = await createFaultCase();
    test.proxy.inject({ kind: 'part', partNumber: 3 }, async (exchange) => {
      for (const open of await test.direct.openUploads('')) await open.abort();
      exchange.reply(await exchange.ask(await exchange.readBody()));
    });
    expect(await failureOf(test.upload({ concurrency: 1 }))).toMatchObject({ storeCode: 'NoSuchUpload' });
    await test.expectNothing();
  });

  it('a part answered 200 with a wrong ETag', async () => {
    const test = await createFaultCase();
    const wrong = alter(({ headers }) => ({ headers: { ...headers, etag: `"${'0'.repeat(32)}"` } }));
    test.proxy.inject({ kind: 'part', partNumber: 2 }, wrong);
    expect(await failureOf(test.upload())).toMatchObject({ code: 'MISMATCH' });
    expect(test.proxy.count('complete')).toBe(0);
    await test.expectNothing();
  });

  it('a host name without an address', async () => {
    const test = await createFaultCase({ endpoint: 'http://no-such-host.invalid' });
    const error = await failureOf(test.upload({ maxRetries: 2 }));
    expect(error).toMatchObject({ code: 'STORE_UNREACHABLE' });
    expect(error.message).toMatch(/cannot be found by name \((ENOTFOUND|EAI_AGAIN)\).*tried 3 times/);
    await test.expectNothing();
  });
});

describe('dropping a failed upload', () => {
  const refused = answer(403, 'AccessDenied');

  it('is tried again when the abort fails for now', async () => {
    const test = await createFaultCase();
    test.proxy.inject({ kind: 'part', partNumber: 2, times: 99 }, refused);
    test.proxy.inject(
      { kind: 'abort', times: 3 },
      inTurn(answer(500), resetBeforeBody, answer(503, 'SlowDown')),
    );
    expect(await failureOf(test.upload())).toMatchObject({ code: 'STORE_DENIED', partNumber: 2 });
    await test.expectNothing();
  });

  it('that fails for good is a warning that says what to type; the error stays the first one', async () => {
    const test = await createFaultCase();
    test.proxy.inject({ kind: 'part', partNumber: 2, times: 99 }, refused);
    test.proxy.inject({ kind: 'abort', times: 99 }, refused);
    expect(await failureOf(test.upload())).toMatchObject({ code: 'STORE_DENIED', partNumber: 2 });
    expect(await test.direct.openUploads('')).toHaveLength(1);
    const [warning, ...more] = test.log.filter(({ level }) => level === 'warn');
    expect(more).toEqual([]);
    expect(warning?.message).toContain('could not be dropped');
    expect(warning?.message).toMatch(/aws s3api abort-multipart-upload .* --upload-id /);
    expect(await test.direct.head(KEY)).toBeUndefined();
  });
});
