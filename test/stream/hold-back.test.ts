import { expect, it } from 'vitest';
import { holdBackLast } from '../../src/stream/hold-back.ts';
import { readProcess } from '../../src/stream/process.ts';
import { childPids, chunksOf, collect, failingAfter } from './fixtures.ts';

it('passes all bytes on', async () => {
  expect(String(await collect(holdBackLast(chunksOf('ab', '', 'cde', 'f', ''))))).toBe('abcdef');
  expect((await collect(holdBackLast(chunksOf()))).byteLength).toBe(0);
});

it.each([
  ['ab', ['ab', 'c']],
  ['ab', ['ab', 'c', '']],
  ['', ['ab']],
])('hands on no more than %j before the source failed', async (expected, chunks) => {
  const failure = new Error('the checksum behind the data is wrong');
  let seen = '';
  await expect(
    (async () => {
      for await (const chunk of holdBackLast(failingAfter(failure, ...chunks))) seen += String(chunk);
    })(),
  ).rejects.toBe(failure);
  expect(seen).toBe(expected);
});

it('ends the source when it is left, even while it waits', async () => {
  const held = holdBackLast(readProcess(['sh', '-c', 'echo x; exec sleep 300']))[Symbol.asyncIterator]();
  const pending = held.next();
  await new Promise((resolve) => setTimeout(resolve, 200));
  await held.return?.();
  expect((await pending).done).toBe(true);
  expect(await childPids()).toEqual([]);
});
