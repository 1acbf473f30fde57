import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { childPids, collect, cutAt, failingAfter, thrownBy } from '../stream/fixtures.ts';
import { age, bodyOf, encrypted, gpg, refusal } from './encryptors.ts';

const both = [
  ['age', () => age()],
  ['gpg', () => gpg()],
] as const;

function damage(data: Uint8Array, at: number): Buffer {
  const copy = Buffer.from(data);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

describe.each(both)('%s', (name, create) => {
  it.each([16, 65_536, 3_000_001])('gives %i bytes back', async (bytes) => {
    const data = randomBytes(bytes);
    const filter = create();
    const encoded = await encrypted(filter, data);
    expect(encoded.includes(data)).toBe(false);
    expect((await collect(filter.decode(cutAt(encoded, [70_000, 1])))).equals(data)).toBe(true);
  });

  it('writes other bytes each time', async () => {
    expect(
      (await encrypted(create(), Buffer.from('x'))).equals(await encrypted(create(), Buffer.from('x'))),
    ).toBe(false);
  });

  it('never ends well when its source fails', async () => {
    const failure = new Error('the source failed');
    for (const bytes of [0, 1, 1_000_000]) {
      const run = () => collect(create().encode(failingAfter(failure, randomBytes(bytes))));
      expect(await thrownBy(run)).toBe(failure);
    }
    expect(await childPids()).toEqual([]);
  });

  it('refuses a body that is cut: at the first and the last bytes, and all over', async () => {
    const encoded = await encrypted(create(), randomBytes(150_000));
    const length = encoded.byteLength;
    const ends = [0, 1, 20, 50, 100, 150, 200, 300, 400, 1000, 8192, 65_536, 65_800, 131_272, 131_305];
    const far = Array.from({ length: 65 }, (_, index) => length - 40 - 1009 * index);
    const last = [1, 2, 15, 16, 17, 18, 19, 20, 21, 22, 23, 40, 100].map((bytes) => length - bytes);
    for (const end of [...ends, ...far, ...last]) {
      const error = await refusal(create(), encoded.subarray(0, end));
      expect([end, error.code]).toEqual([end, 'CORRUPT_STREAM']);
    }
  });

  it('refuses a body with a flipped bit', async () => {
    const encoded = await encrypted(create(), randomBytes(150_000));
    const length = encoded.byteLength;
    for (const at of [0, length / 2, length - 70_000, length - 20_000, length - 30, length - 1].map(
      Math.floor,
    )) {
      expect([at, (await refusal(create(), damage(encoded, at))).code]).toEqual([at, 'CORRUPT_STREAM']);
    }
  });

  it('refuses what follows behind the end, and what is no such body', async () => {
    const encoded = await encrypted(create(), randomBytes(1000));
    for (const data of [Buffer.concat([encoded, Buffer.from('x')]), Buffer.concat([encoded, encoded])]) {
      expect((await refusal(create(), data)).code).toBe('CORRUPT_STREAM');
    }
    for (const data of [Buffer.from('zfs'), Buffer.alloc(5000, 'z'), Buffer.alloc(5000)]) {
      expect((await refusal(create(), data)).code).toBe('CORRUPT_STREAM');
    }
  });

  it('is checked by a few bytes of the body, and a good one is let through', async () => {
    for (const bytes of [1, 100_000, 3_000_000]) {
      const body = bodyOf(await encrypted(create(), randomBytes(bytes)));
      await create().checkDecode?.(body);
      expect(body.asked()).toBe(1);
    }
    await create().checkEncode?.();
    expect(await childPids()).toEqual([]);
  });

  it('calls a damaged head damaged, and says whose', async () => {
    const body = bodyOf(Buffer.alloc(5000, 'z'));
    const error = await thrownBy(async () => create().checkDecode?.(body));
    expect(error).toMatchObject({ code: 'CORRUPT_STREAM', message: expect.stringContaining('z/tank@one') });
  });

  it('tells the version of its program', async () => {
    expect(await create().version?.()).toMatch(new RegExp(`^${name} \\d+\\.\\d+`));
  });
});
