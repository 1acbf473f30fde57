import fc from 'fast-check';
import { expect, it } from 'vitest';
import { keepOpen } from '../../src/stream/keep-open.ts';
import { cutAt, failingAfter, thrownBy } from './fixtures.ts';

/** Lends one buffer again and again, as a download does. */
async function* lent(data: Uint8Array, size: number): AsyncGenerator<Uint8Array, void> {
  const buffer = new Uint8Array(size);
  for (let at = 0; at < data.byteLength; at += size) {
    const piece = data.subarray(at, at + size);
    buffer.set(piece);
    yield buffer.subarray(0, piece.byteLength);
    buffer.fill(255);
  }
}

it('shows every byte once, in order, whoever leaves when', async () => {
  const data = Uint8Array.from({ length: 200 }, (_, at) => at);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 50 }), fc.nat(20), fc.nat(3), async (size, taken, waiting) => {
      const seen: number[] = [];
      const kept = keepOpen(lent(data, size), (chunk) => seen.push(...chunk));
      const reader = kept.chunks[Symbol.asyncIterator]();
      for (let turn = 0; turn < taken; turn++) await reader.next();
      // Left while it waits, as the writer to a program that has died does.
      const left = Array.from({ length: waiting }, () => reader.next());
      await reader.return?.();
      await kept.drain();
      await Promise.all(left);
      expect(seen).toEqual([...data]);
    }),
  );
});

it('tells what the source threw', async () => {
  const error = new Error('the store is gone');
  const kept = keepOpen(failingAfter(error, 'abc'), () => {});
  const failing = async () => {
    for await (const _ of kept.chunks);
  };
  expect(await thrownBy(failing)).toBe(error);
  expect(kept.failure()).toBe(error);
  await kept.drain();
});

it('has nothing to tell of a source that ended well', async () => {
  const kept = keepOpen(cutAt(new Uint8Array(10), [3]), () => {});
  await kept.drain();
  expect(kept.failure()).toBeUndefined();
});
