import { describe, expect, it } from 'vitest';
import { createRetry } from '../../src/store/retry.ts';
import { checkParts } from '../../src/transfer/send-parts.ts';
import { bytesOf, KEY } from './bytes.ts';
import { createMemoryStore, SMALL_LIMITS } from './memory-store.ts';

describe('checkParts', () => {
  const sending = {
    limits: SMALL_LIMITS,
    maxStreamBytes: 100,
    concurrency: 1,
    stop: new AbortController(),
    retry: createRetry({ attempts: 1 }),
    tally: { storedBytes: 0, partsInFlight: 0, retries: 0, parts: 0, skippedParts: 0, skippedBytes: 0 },
    report: () => {},
  };

  it('counts what was sent against what the source yielded', async () => {
    const upload = await createMemoryStore().startUpload(KEY);
    const parts = [await upload.putPart(1, bytesOf(10)), await upload.putPart(2, bytesOf(7))];
    const sent = { parts, etagsAreDigests: true, digests: [] };
    const check = (readBytes: number) => checkParts(upload, sent, { sending, readBytes, isResumed: false });
    await expect(check(17)).resolves.toBeUndefined();
    await expect(check(18)).rejects.toMatchObject({
      code: 'MISMATCH',
      message: expect.stringContaining('18 bytes were read and 17 were sent'),
    });
  });

  it('lets parts behind the last be only where an earlier run may have sent them', async () => {
    const upload = await createMemoryStore().startUpload(KEY);
    const parts = [await upload.putPart(1, bytesOf(10))];
    await upload.putPart(2, bytesOf(7));
    const sent = { parts, etagsAreDigests: true, digests: [] };
    const check = (isResumed: boolean) => checkParts(upload, sent, { sending, readBytes: 10, isResumed });
    await expect(check(true)).resolves.toBeUndefined();
    await expect(check(false)).rejects.toThrow('1 parts were sent and the store has 2');
  });
});
