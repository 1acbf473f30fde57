import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBufferPool } from '../../src/stream/buffer-pool.ts';

describe('createBufferPool', () => {
  it('lends the same memory again, and no more than it has', async () => {
    const pool = createBufferPool(16);
    const [one, two] = [await pool.acquire(8), await pool.acquire(8)];
    expect(one.buffer).toBe(two.buffer);
    // as many pages as it takes: a WebAssembly memory
    expect(one.buffer.byteLength).toBe(64 * 1024);
    let isLent = false;
    const waiting = pool.acquire(8).then((buffer) => {
      isLent = true;
      return buffer;
    });
    await new Promise(setImmediate);
    expect(isLent).toBe(false);
    pool.release(one);
    expect((await waiting).byteOffset).toBe(one.byteOffset);
    pool.release(two);
    expect((await pool.acquire(8)).byteOffset).toBe(two.byteOffset);
  });

  it('lends a bigger buffer as soon as smaller ones side by side came back', async () => {
    const pool = createBufferPool(12);
    const small = [await pool.acquire(4), await pool.acquire(4), await pool.acquire(4)];
    const big = pool.acquire(8);
    const behind = pool.acquire(2);
    for (const at of [0, 2]) pool.release(small[at] as Buffer);
    const order: number[] = [];
    for (const buffer of [big, behind]) buffer.then(({ byteLength }) => order.push(byteLength));
    await new Promise(setImmediate);
    // There would be room for the smaller one, but it came later.
    expect(order).toEqual([]);
    pool.release(small[1] as Buffer);
    expect((await big).byteLength).toBe(8);
    expect((await behind).byteLength).toBe(2);
    expect(order).toEqual([8, 2]);
  });

  it('serves who waits in order, and forgets who went away', async () => {
    const pool = createBufferPool(8);
    const buffer = await pool.acquire(8);
    const controller = new AbortController();
    const reason = new Error('enough');
    const first = pool.acquire(8, controller.signal);
    const second = pool.acquire(8);
    controller.abort(reason);
    await expect(first).rejects.toBe(reason);
    pool.release(buffer);
    expect((await second).byteLength).toBe(8);
  });

  it('does not let one who went away stand in the way of those behind', async () => {
    const pool = createBufferPool(8);
    await pool.acquire(4);
    const controller = new AbortController();
    const big = pool.acquire(8, controller.signal);
    const small = pool.acquire(4);
    controller.abort(new Error('enough'));
    await expect(big).rejects.toThrow('enough');
    expect((await small).byteLength).toBe(4);
  });

  it('notices a buffer that is given back twice or is not its own', async () => {
    const pool = createBufferPool(8);
    const buffer = await pool.acquire(8);
    pool.release(buffer);
    expect(() => pool.release(buffer)).toThrow('not out of this pool');
    expect(() => pool.release(Buffer.alloc(8))).toThrow('not out of this pool');
  });

  it('never lends the same byte twice, and lends to all in the end', async () => {
    const property = fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 60 }),
      fc.array(fc.nat(), { minLength: 60, maxLength: 60 }),
      async (sizes, choices) => {
        const pool = createBufferPool(20);
        const out: Buffer[] = [];
        let served = 0;
        for (const size of sizes) {
          pool.acquire(size).then((buffer) => {
            served += 1;
            buffer.fill(served);
            out.push(buffer);
          });
        }
        const fills = new Map<Buffer, number>();
        for (const choice of choices) {
          await new Promise(setImmediate);
          for (const buffer of out) if (!fills.has(buffer)) fills.set(buffer, buffer[0] ?? 0);
          for (const buffer of out) expect(buffer.every((byte) => byte === fills.get(buffer))).toBe(true);
          expect(out.reduce((sum, { byteLength }) => sum + byteLength, 0)).toBeLessThanOrEqual(20);
          const [given] = out.splice(choice % Math.max(1, out.length), 1);
          if (given) pool.release(given);
        }
        expect(served).toBe(sizes.length);
      },
    );
    await fc.assert(property, { numRuns: 100 });
  });

  it('says in words when the memory is not to be had', async () => {
    await expect(createBufferPool(2 ** 52).acquire(1)).rejects.toMatchObject({
      code: 'USAGE',
      advice: expect.stringContaining('--max-memory'),
    });
  });
});
