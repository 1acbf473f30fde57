import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { BODY, createFaultCase, failureOf, KEY } from './fault-case.ts';
import { answer, answerInstead, halfAnswer, inTurn, loseAnswer, neverAnswerThough } from './faults.ts';

describe('a Create whose answer is lost', () => {
  it.each([
    ['by a reset', loseAnswer],
    ['by half an answer', halfAnswer],
    ['by a time-out', neverAnswerThough],
    ['by a gateway', answerInstead(504)],
    ['twice', inTurn(loseAnswer, loseAnswer)],
  ] as const)('%s leaves no orphan', async (name, fault) => {
    const test = await createFaultCase();
    test.proxy.inject({ kind: 'create', times: name === 'twice' ? 2 : 1 }, fault);
    await test.upload();
    await test.expectStored();
    expect(test.proxy.count('create')).toBe(name === 'twice' ? 3 : 2);
  });

  it('every time leaves no orphan either', async () => {
    const test = await createFaultCase();
    test.proxy.inject({ kind: 'create', times: 99 }, loseAnswer);
    expect(await failureOf(test.upload({ maxRetries: 2 }))).toMatchObject({ code: 'STORE_UNREACHABLE' });
    await test.expectNothing();
  });

  it('leaves alone what was open before, and uploads of others that hold parts', async () => {
    const test = await createFaultCase();
    const before = await test.direct.startUpload(KEY);
    await sleep(3_000);
    const elsewhere = await test.direct.startUpload(`${KEY}/other`);
    let theirs = '';
    test.proxy.inject({ kind: 'create' }, async (exchange) => {
      const other = await test.direct.startUpload(KEY);
      await other.putPart(1, Buffer.from('theirs'));
      theirs = other.uploadId;
      await loseAnswer(exchange);
    });
    await test.upload();
    const open = (await test.direct.openUploads('')).map(({ uploadId }) => uploadId);
    expect(open.toSorted()).toEqual([before.uploadId, elsewhere.uploadId, theirs].toSorted());
  });

  it('is no error where uploads may not be listed', async () => {
    const test = await createFaultCase();
    test.proxy.inject({ kind: 'create' }, loseAnswer);
    test.proxy.inject({ kind: 'list-uploads', times: 99 }, answer(403, 'AccessDenied'));
    await test.upload();
    expect((await test.direct.head(KEY))?.bytes).toBe(BODY.length);
    expect(test.log.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
      expect.stringMatching(/may have left an open upload/),
    ]);
  });
});
