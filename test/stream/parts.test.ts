import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBufferPool } from '../../src/stream/buffer-pool.ts';
import { type Part, splitIntoParts } from '../../src/stream/parts.ts';
import { chunksOf, cutAt, failingAfter, thrownBy } from './fixtures.ts';

const partBytesAt = () => 4;

interface Seen {
  readonly number: number;
  readonly bytes: Buffer;
  readonly last: boolean;
}

async function split(source: AsyncIterable<Uint8Array>, partBytes: number, count = 1): Promise<Seen[]> {
  const pool = createBufferPool(count * partBytes);
  const seen: Seen[] = [];
  for await (const { number, bytes, last, release } of splitIntoParts(source, {
    partBytesAt: () => partBytes,
    pool,
  })) {
    seen.push({ number, bytes: Buffer.from(bytes), last });
    release();
  }
  return seen;
}

describe('splitIntoParts', () => {
  it('gives back every byte in full parts, the last one marked, for any chunks and part size', async () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 300 }),
        lengths,
        fc.integer({ min: 1, max: 100 }),
        async (...given) => {
          const [data, chunkLengths, partBytes] = given;
          const parts = await split(cutAt(data, chunkLengths), partBytes);
          expect(Buffer.concat(parts.map(({ bytes }) => bytes)).equals(data)).toBe(true);
          expect(parts.map(({ number }) => number)).toEqual(parts.map((_, index) => index + 1));
          expect(parts.map(({ last }) => last)).toEqual(parts.map((_, index) => index === parts.length - 1));
          for (const part of parts.slice(0, -1)) expect(part.bytes.byteLength).toBe(partBytes);
          expect(parts.length).toBe(Math.ceil(data.byteLength / partBytes));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('knows a body of exactly one part, and of exactly two', async () => {
    const one = await split(chunksOf('abcd', new Uint8Array(0)), 4);
    expect(one.map(({ number, last }) => [number, last])).toEqual([[1, true]]);
    const two = await split(chunksOf('abcd', new Uint8Array(0), 'efgh'), 4);
    expect(two.map(({ number, last }) => [number, last])).toEqual([
      [1, false],
      [2, true],
    ]);
  });

  it('yields nothing for a stream without bytes', async () => {
    expect(await split(chunksOf(), 4)).toEqual([]);
    expect(await split(chunksOf('', ''), 4)).toEqual([]);
  });

  it.each([0, 1, 4, 5])('never yields a last part when the source fails after %i bytes', async (bytes) => {
    const failure = new Error('no more');
    const pool = createBufferPool(8);
    const parts: Part[] = [];
    const error = await thrownBy(async () => {
      const source = failingAfter(failure, Buffer.alloc(bytes));
      for await (const part of splitIntoParts(source, { partBytesAt, pool })) parts.push(part);
    });
    expect(error).toBe(failure);
    expect(parts.some(({ last }) => last)).toBe(false);
    for (const part of parts) part.release();
    // Nothing is held back: both buffers can be had.
    await Promise.all([pool.acquire(4), pool.acquire(4)]);
  });

  it('stops reading while all buffers are out', async () => {
    let given = 0;
    async function* counted(): AsyncGenerator<Uint8Array, void> {
      for (; given < 100; given++) yield Buffer.alloc(4);
    }
    const pool = createBufferPool(8);
    const parts = splitIntoParts(counted(), { partBytesAt, pool });
    const first = await parts.next();
    const second = await parts.next();
    const third = parts.next();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(given).toBeLessThanOrEqual(3);
    first.value?.release();
    first.value?.release();
    expect((await third).value?.number).toBe(3);
    second.value?.release();
    await parts.return();
  });

  it('does not wait for a buffer after the signal', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const pool = createBufferPool(4);
    const parts = splitIntoParts(chunksOf('abcdefgh'), { partBytesAt, pool, signal: controller.signal });
    await parts.next();
    const second = parts.next();
    setTimeout(() => controller.abort(reason), 10);
    await expect(second).rejects.toBe(reason);
  });

  it('ends its source and gives its buffer back when it is left early', async () => {
    let isEnded = false;
    async function* source(): AsyncGenerator<Uint8Array, void> {
      try {
        yield Buffer.from('abcdefghij');
      } finally {
        isEnded = true;
      }
    }
    const pool = createBufferPool(4);
    for await (const part of splitIntoParts(source(), { partBytesAt, pool })) {
      part.release();
      break;
    }
    expect(isEnded).toBe(true);
    await pool.acquire(4);
  });

  it('refuses parts that the pool does not hold', async () => {
    for (const bytes of [5, 0, Number.NaN]) {
      const parts = splitIntoParts(chunksOf('a'), { partBytesAt: () => bytes, pool: createBufferPool(4) });
      await expect(parts.next()).rejects.toThrow('does not fit');
    }
  });

  it('cuts parts that grow, one after the other where the pool holds only one', async () => {
    const pool = createBufferPool(6);
    const seen: string[] = [];
    const source = chunksOf('abcdefg', 'hijk', 'lmnopqrstuv');
    for await (const part of splitIntoParts(source, { partBytesAt: (number) => number * 2, pool })) {
      seen.push(Buffer.from(part.bytes).toString());
      part.release();
      if (part.number === 3) break;
    }
    expect(seen).toEqual(['ab', 'cdef', 'ghijkl']);
  });
});
