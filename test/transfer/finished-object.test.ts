import { describe, expect, it } from 'vitest';
import type { StoredPart } from '../../src/store/object-store.ts';
import { bytesOf, KEY, producer, readObject } from './bytes.ts';
import { answering, denied, type Fault, failing } from './fault-store.ts';
import { BODY, expectNothing, expectStored, faulty } from './faulty-upload.ts';
import { createMemoryStore } from './memory-store.ts';
import { PART } from './put-parts.ts';

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
