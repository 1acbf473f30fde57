import { expect, it } from 'vitest';
import { meter } from '../../src/stream/meter.ts';
import { readProcess } from '../../src/stream/process.ts';
import { childPids, chunksOf, collect, failingAfter } from './fixtures.ts';

it('passes the very chunks through and counts them', async () => {
  const chunks = [Buffer.from('ab'), Buffer.alloc(0), Buffer.from('cde')];
  const counts: number[] = [];
  const seen: Uint8Array[] = [];
  for await (const chunk of meter(chunksOf(...chunks), (bytes) => counts.push(bytes))) seen.push(chunk);
  expect(counts).toEqual([2, 0, 3]);
  expect(seen.every((chunk, index) => chunk === chunks[index])).toBe(true);
});

it('throws what the source throws, and ends the source when it is left', async () => {
  const failure = new Error('no more');
  await expect(collect(meter(failingAfter(failure, 'a'), () => {}))).rejects.toBe(failure);
  const iterator = meter(readProcess(['sleep', '300']), () => {})[Symbol.asyncIterator]();
  const pending = iterator.next();
  await new Promise((resolve) => setTimeout(resolve, 50));
  await iterator.return?.();
  expect((await pending).done).toBe(true);
  expect(await childPids()).toEqual([]);
});
