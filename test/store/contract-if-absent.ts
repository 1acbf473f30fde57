import { expect, it } from 'vitest';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { collect } from '../transfer/bytes.ts';
import type { Open } from './contract-options.ts';
import { keysOf, read } from './read-back.ts';

export function describeIfAbsent(open: Open, completesIfAbsent: boolean): void {
  it('stores the first of several at once when it is told so, where it can, and leaves it whole', async () => {
    for (let round = 0; round < 10; round += 1) {
      const store = await open();
      if (!store.canPutIfAbsent) return;
      const writers = Array.from({ length: 5 }, (_, n) =>
        store.put('deep/er/k', Buffer.alloc(1000 + n, n), { metadata: { n: String(n) }, ifAbsent: true }),
      );
      await expectOneWinner(store, 'deep/er/k', writers);
      const { info, chunks } = await store.get('deep/er/k');
      const winner = info.bytes - 1000;
      expect(info.metadata).toEqual({ n: String(winner) });
      expect((await collect(chunks)).equals(Buffer.alloc(1000 + winner, winner))).toBe(true);
    }
  });

  if (completesIfAbsent) describeCompleteIfAbsent(open);
}

function describeCompleteIfAbsent(open: Open): void {
  it('completes the first of several at once when it is told so, and keeps the others open', async () => {
    for (let round = 0; round < 5; round += 1) {
      const store = await open();
      const uploads = await Promise.all(
        [0, 1, 2].map((n) => store.startUpload('tank/a@1', { metadata: { n: String(n) } })),
      );
      const parts = await Promise.all(uploads.map((upload, n) => upload.putPart(1, Buffer.alloc(10 + n, n))));
      const completing = uploads.map((upload, n) =>
        upload.complete(
          parts.filter((_, other) => other === n),
          { ifAbsent: true },
        ),
      );
      const winner = await expectOneWinner(store, 'tank/a@1', completing);
      expect((await store.head('tank/a@1'))?.metadata).toEqual({ n: String(winner) });
      const left = uploads.filter((_, n) => n !== winner).map(({ uploadId }) => uploadId);
      expect((await store.openUploads('')).map(({ uploadId }) => uploadId).sort()).toEqual(left.sort());
      for (const upload of await store.openUploads('')) {
        expect(await upload.listParts()).toHaveLength(1);
        await upload.abort();
      }
      expect(await read(await store.get('tank/a@1'))).toBe(String.fromCharCode(winner).repeat(10 + winner));
    }
  });

  it('completes beside keys below it, and refuses what is there beside them', async () => {
    const store = await open();
    await store.put('a/b', Buffer.from('below'));
    const complete = async (body: string) => {
      const upload = await store.startUpload('a');
      return upload.complete([await upload.putPart(1, Buffer.from(body))], { ifAbsent: true });
    };
    await complete('first');
    await expect(complete('second')).rejects.toMatchObject({ code: 'MISMATCH', status: 412 });
    await store.remove('a/b');
    await expect(complete('third')).rejects.toMatchObject({ code: 'MISMATCH', status: 412 });
    expect(await read(await store.get('a'))).toBe('first');
    expect(await keysOf(store, '')).toEqual(['a']);
  });
}

/** The number of the only one that succeeded; the others were refused because of it. */
async function expectOneWinner(
  store: ObjectStore,
  key: string,
  writing: readonly Promise<{ readonly etag: string | undefined }>[],
): Promise<number> {
  const outcomes = await Promise.allSettled(writing);
  const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
  for (const [n, outcome] of outcomes.entries()) {
    if (n === winner) continue;
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'MISMATCH', status: 412 } });
  }
  const won = outcomes[winner];
  expect(won?.status === 'fulfilled' && won.value.etag).toBe((await store.head(key))?.etag);
  return winner;
}
