import { describe, expect, it } from 'vitest';
import { createFaultCase, failureOf, KEY, PART } from './fault-case.ts';
import type { Fault } from './fault-proxy.ts';
import {
  alter,
  answer,
  answerInstead,
  errorBody,
  halfAnswer,
  loseAnswer,
  neverAnswer,
  neverAnswerThough,
  refuseConnections,
  resetBeforeBody,
} from './faults.ts';

describe('Complete', () => {
  const errorIn200 =
    (storeCode: string): Fault =>
    async ({ readBody, reply }) => {
      await readBody();
      reply({
        status: 200,
        headers: { 'content-type': 'application/xml' },
        body: Buffer.from(errorBody(storeCode)),
      });
    };

  const THOUGH_DONE: ReadonlyArray<readonly [string, Fault]> = [
    ['timed out', neverAnswerThough],
    ['lost its answer', loseAnswer],
    ['gave half an answer', halfAnswer],
    ['was answered 500', answerInstead(500, 'InternalError')],
    ['was answered by a gateway', answerInstead(504)],
    ['was answered 200 with an error', alter(() => ({ body: Buffer.from(errorBody('InternalError')) }))],
    ['was answered 200 with nothing', alter(() => ({ body: Buffer.alloc(0) }))],
    ['says NoSuchUpload', answerInstead(404, 'NoSuchUpload')],
  ];

  it.each(THOUGH_DONE)(
    '%s though it succeeded: the object is found, nothing is aborted, no second one is sent',
    async (_name, fault) => {
      const test = await createFaultCase();
      test.proxy.inject({ kind: 'complete' }, fault);
      await test.upload();
      await test.expectStored();
      expect(test.proxy.count('complete')).toBe(1);
      expect(test.proxy.count('abort')).toBe(0);
    },
  );

  const NOT_DONE: ReadonlyArray<readonly [string, Fault]> = [
    ['200 with InternalError in its body', errorIn200('InternalError')],
    ['200 with SlowDown in its body', errorIn200('SlowDown')],
    ['503 SlowDown', answer(503, 'SlowDown')],
    ['500', answer(500, 'InternalError')],
    ['400 RequestTimeout', answer(400, 'RequestTimeout')],
    ['connection refused', refuseConnections(300)],
    ['reset before the body', resetBeforeBody],
    ['an answer that never comes', neverAnswer],
  ];

  it.each(NOT_DONE)(
    'that failed with %s is repeated once the store shows no object',
    async (_name, fault) => {
      const test = await createFaultCase();
      test.proxy.inject({ kind: 'complete' }, fault);
      await test.upload();
      await test.expectStored();
      expect(test.proxy.count('complete')).toBe(2);
      expect(test.proxy.count('abort')).toBe(0);
    },
  );

  it('repeated after a success says NoSuchUpload, and the object is found', async () => {
    const test = await createFaultCase();
    // The store still lists the upload and does not show the object: Complete is at work.
    let looks = 0;
    const notYet: Fault = async (exchange) => {
      looks += 1;
      await answer(404)(exchange);
    };
    const done = () => test.proxy.count('complete') === 1;
    test.proxy.inject({ kind: 'complete' }, loseAnswer);
    test.proxy.inject({ kind: 'head', when: done, times: 99 }, notYet);
    test.proxy.inject({ kind: 'list-uploads', when: done, times: 99 }, async ({ reply, seen, readBody }) => {
      await readBody();
      const { uploadId } = test.proxy.seen.find(({ kind }) => kind === 'complete') ?? {};
      reply({ status: 200, headers: {}, body: Buffer.from(listing(seen.bucket, uploadId ?? '')) });
    });
    await test.upload();
    await test.expectStored();
    expect(looks).toBeGreaterThan(1);
    expect(test.proxy.count('complete')).toBe(2);
    expect(test.proxy.count('abort')).toBe(0);
  });

  it.each(['InvalidPart', 'EntityTooSmall', 'InvalidPartOrder'])(
    'refused for one part (%s) is an error, and nothing stays open',
    async (storeCode) => {
      const test = await createFaultCase();
      test.proxy.inject({ kind: 'complete', times: 99 }, answer(400, storeCode));
      expect(await failureOf(test.upload())).toMatchObject({ code: 'STORE_FAILED', storeCode });
      expect(test.proxy.count('complete')).toBe(1);
      await test.expectNothing();
    },
  );

  it('refused by the store itself, for a part that is gone there', async () => {
    const test = await createFaultCase();
    // What the client lists is as it sent it; the store has another part 2 by then.
    test.proxy.inject({ kind: 'complete' }, async (exchange) => {
      const [open] = await test.direct.openUploads('');
      await open?.putPart(2, Buffer.alloc(PART, 7));
      exchange.reply(await exchange.ask(await exchange.readBody()));
    });
    expect(await failureOf(test.upload())).toMatchObject({
      code: 'STORE_FAILED',
      storeCode: 'InvalidPart',
    });
    await test.expectNothing();
  });

  it('refused every time for now is given up after the budget, and nothing stays open', async () => {
    const test = await createFaultCase();
    test.proxy.inject({ kind: 'complete', times: 99 }, errorIn200('SlowDown'));
    expect(await failureOf(test.upload({ maxRetries: 3 }))).toMatchObject({ code: 'STORE_FAILED' });
    expect(test.proxy.count('complete')).toBe(4);
    await test.expectNothing();
  });

  it('without any answer twice: the outcome is called unknown, nothing is aborted, and how to drop it is said', async () => {
    const test = await createFaultCase();
    test.proxy.inject({ kind: 'complete', times: 99 }, neverAnswer);
    const error = await failureOf(test.upload());
    expect(error.message).toContain('it is not known whether the upload was completed');
    expect(error.advice).toContain('aws s3api abort-multipart-upload --bucket');
    expect(test.proxy.count('complete')).toBe(2);
    expect(test.proxy.count('abort')).toBe(0);
    expect(await test.direct.openUploads('')).toHaveLength(1);
  });
});

function listing(bucket: string, uploadId: string): string {
  return (
    '<?xml version="1.0"?><ListMultipartUploadsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' +
    `<Bucket>${bucket}</Bucket><IsTruncated>false</IsTruncated><Upload><Key>${KEY}</Key>` +
    `<UploadId>${uploadId}</UploadId><Initiated>${new Date().toISOString()}</Initiated></Upload>` +
    '</ListMultipartUploadsResult>'
  );
}

describe('after Complete', () => {
  it('a HEAD that shows another size is MISMATCH, and the object, which is ours, is removed', async () => {
    const test = await createFaultCase();
    const done = () => test.proxy.count('complete') > 0;
    const longer = alter(({ headers }) => ({ headers: { ...headers, 'content-length': '12345' } }));
    test.proxy.inject({ kind: 'head', when: done, times: 99 }, longer);
    const error = await failureOf(test.upload());
    expect(error).toMatchObject({ code: 'MISMATCH' });
    expect(error.message).toContain('12345 bytes');
    await test.expectNothing();
  });

  it('a HEAD that cannot be had says that the object was stored and not checked', async () => {
    const test = await createFaultCase();
    const done = () => test.proxy.count('complete') > 0;
    test.proxy.inject({ kind: 'head', when: done, times: 99 }, answer(500));
    const error = await failureOf(test.upload({ maxRetries: 2 }));
    expect(error.message).toContain('was stored, but could not be checked afterwards');
    await test.expectStored();
  });
});
