import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import wabtModule from 'wabt';
import { createFastSumming, createFletcher4, createPlainSumming } from '../../src/inspect/fletcher4.ts';
import { FLETCHER4_MODULE } from '../../src/inspect/fletcher4-module.ts';
import { reserveSharedMemory } from '../../src/stream/shared-memory.ts';
import { fletcher4 } from './build-stream.ts';

it('has the module that its source makes', async () => {
  const wabt = await wabtModule();
  const source = await readFile(new URL('../../src/inspect/fletcher4.wat', import.meta.url), 'utf8');
  const { buffer } = wabt.parseWat('fletcher4.wat', source, { simd: true, threads: true }).toBinary({});
  // Otherwise: node scripts/assemble-fletcher4.mjs
  expect(FLETCHER4_MODULE).toBe(Buffer.from(buffer).toString('base64'));
});

it('has SIMD here', () => {
  expect(createFastSumming()).toBeDefined();
});

const ways = [
  ['WebAssembly', () => createFletcher4()],
  ['plain numbers', () => createFletcher4(createPlainSumming())],
] as const;

describe.each(ways)('fletcher-4 by %s', (_, create) => {
  const pieces = fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 40 });

  it.each([true, false])('is the sum word by word, however it is cut (little endian: %s)', (littleEndian) => {
    fc.assert(
      fc.property(pieces, fc.integer({ min: 0, max: 300_000 }), fc.boolean(), (sizes, more, isShared) => {
        const total = Math.floor((sizes.reduce((sum, size) => sum + size, 0) + more) / 4) * 4;
        const memory = Buffer.from(isShared ? reserveSharedMemory(total + 1) : new ArrayBuffer(total + 1));
        const data = memory.subarray(1, 1 + total);
        data.set(randomBytes(total));
        const sum = create();
        sum.start(littleEndian);
        let at = 0;
        for (const size of [...sizes, more + 4]) {
          const end = Math.min(total, at + size);
          sum.add(data, at, end);
          at = end;
        }
        expect(sum.sums()).toEqual(fletcher4(Buffer.from(data), !littleEndian));
      }),
      { numRuns: 40 },
    );
  });

  it('does not lose what overflows', () => {
    const ones = Buffer.alloc(1_000_000, 0xff);
    const sum = create();
    sum.start(true);
    for (let at = 0; at < ones.byteLength; at += 100_000) sum.add(ones, at, at + 100_000);
    expect(sum.sums()).toEqual(fletcher4(ones));
  });

  it('goes on where the bytes lie in one memory after another', () => {
    const own = Buffer.from(randomBytes(4000));
    const shared = [5000, 3000].map((bytes) => {
      const buffer = Buffer.from(reserveSharedMemory(bytes), 0, bytes);
      buffer.set(randomBytes(bytes));
      return buffer;
    });
    const all = [own, ...shared, own, ...shared];
    const sum = create();
    sum.start(true);
    for (const piece of all) sum.add(piece, 0, piece.byteLength);
    expect(sum.sums()).toEqual(fletcher4(Buffer.concat(all)));
    sum.start(true);
    expect(sum.sums()).toEqual([0n, 0n, 0n, 0n]);
  });
});
