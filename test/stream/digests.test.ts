import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createDigests, type Digests } from '../../src/stream/digests.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

async function sha256In(digests: Digests, bytes: Uint8Array) {
  return (await digests.take(bytes, ['sha256'])).sha256;
}

function shared(bytes: number, fill: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(bytes)).fill(fill);
}

describe('createDigests', () => {
  it('answers each in its place, whatever their sizes', async () => {
    const digests = createDigests();
    const all = [shared(3_000_000, 1), shared(0, 0), shared(17, 3), shared(100_000, 4).subarray(5, 70_000)];
    expect(await Promise.all(all.map((bytes) => sha256In(digests, bytes)))).toEqual(all.map(sha256));
    await digests.close();
  });

  it('takes memory that is not shared as well', async () => {
    const digests = createDigests();
    expect(await sha256In(digests, Buffer.from('abc'))).toBe(sha256(Buffer.from('abc')));
    await digests.close();
  });

  it('takes several of the same bytes', async () => {
    const digests = createDigests();
    const [sha256, md5, crc32] = [
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
      '900150983cd24fb0d6963f7d28e17f72',
      '352441c2',
    ];
    const names = ['sha256', 'md5', 'crc32'] as const;
    expect(await digests.take(Buffer.from('abc'), names)).toEqual({ sha256, md5, crc32 });
    await digests.close();
  });

  it('goes on after a pause', async () => {
    const digests = createDigests();
    await sha256In(digests, shared(1, 1));
    await sleep(50);
    expect(await sha256In(digests, shared(2, 2))).toBe(sha256(shared(2, 2)));
    await digests.close();
  });

  it('rejects what is awaited when it is closed, and what is asked later', async () => {
    const digests = createDigests();
    const pending = expect(sha256In(digests, shared(200_000_000, 1))).rejects.toThrow('has ended');
    await digests.close();
    await pending;
    await expect(sha256In(digests, shared(1, 1))).rejects.toThrow('was ended');
  });
});
