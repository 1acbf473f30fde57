import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createDigestThread, createRunningDigest } from '../../src/stream/running-digest.ts';

const BYTES = Buffer.from(new SharedArrayBuffer(1_000_003));
BYTES.set(randomBytes(BYTES.byteLength));
const EXPECTED = {
  md5: createHash('md5').update(BYTES).digest('hex'),
  sha256: createHash('sha256').update(BYTES).digest('hex'),
  crc32: crc32(BYTES).toString(16).padStart(8, '0'),
};

describe.each([
  ['on this thread', createRunningDigest],
  ['in a thread of its own', createDigestThread],
] as const)('a running digest %s', (_, create) => {
  it.each(['md5', 'sha256', 'crc32'] as const)('is the %s of all pieces together', async (name) => {
    const digest = create(name);
    const added: Promise<void>[] = [];
    for (let at = 0; at < BYTES.byteLength; at += 300_001) {
      added.push(digest.add(BYTES.subarray(at, at + 300_001)));
    }
    expect(await digest.hex()).toBe(EXPECTED[name]);
    await Promise.all(added);
    digest.close();
  });

  it('keeps the zeros in front', async () => {
    const digest = create('crc32');
    expect(await digest.hex()).toBe('00000000');
    digest.close();
  });
});

describe('a thread for a digest', () => {
  it('rejects what waits for it when it is closed', async () => {
    const digest = createDigestThread('md5');
    const added = digest.add(BYTES);
    const hex = digest.hex();
    digest.close();
    await expect(added).rejects.toThrow('was ended');
    await expect(hex).rejects.toThrow('was ended');
    await expect(digest.add(BYTES)).rejects.toThrow('was ended');
  });
});
