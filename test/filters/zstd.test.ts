import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { createZstdFilter, ZSTD_IDENTITY } from '../../src/filters/zstd.ts';
import { pipeThrough } from '../../src/stream/process.ts';
import { chunksOf, collect, cutAt, failingAfter, thrownBy } from '../stream/fixtures.ts';
import { expectCorrupt, sample, zstd } from './sample-filters.ts';

describe('what others write and read', () => {
  const data = sample(700_000);

  it('zstd: the program reads ours, and we read its frames and those of pzstd, skippable ones too', async () => {
    const ours = zstd.encode(cutAt(data, [65_536]));
    expect((await collect(pipeThrough(['zstd', '-d'], ours))).equals(data)).toBe(true);
    for (const argv of [
      ['zstd', '-19', '--long=27'],
      ['zstd', '--no-check'],
      ['pzstd', '-p', '2'],
    ]) {
      const theirs = await collect(pipeThrough([...argv, '-c'], chunksOf(data)));
      expect((await collect(zstd.decode(cutAt(theirs, [1000])))).equals(data)).toBe(true);
    }
    const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    const frame = await collect(zstd.encode(chunksOf('abc')));
    const mixed = Buffer.concat([skippable, frame, skippable]);
    for (const cut of [1, 5, 1000])
      expect(String(await collect(zstd.decode(cutAt(mixed, [cut]))))).toBe('abc');
    await expectCorrupt(zstd, Buffer.concat([frame, skippable.subarray(0, 9)]));
  });

  it('zstd: carries a checksum, and the bytes do not depend on the chunks', async () => {
    const long = sample(5_000_000);
    const [one, other] = [
      await collect(zstd.encode(cutAt(long, [65_536]))),
      await collect(zstd.encode(chunksOf(long))),
    ];
    expect(one.equals(other)).toBe(true);
    expect((one[4] ?? 0) & 4).toBe(4);
  });

  it('zstd: leaves no threads behind, however many streams there were and however they ended', async () => {
    const countThreads = async () => (await readdir('/proc/self/task')).length;
    const failure = new Error('no more');
    const turn = async () => {
      expect((await collect(zstd.decode(zstd.encode(chunksOf(data))))).equals(data)).toBe(true);
      await collect(zstd.encode(failingAfter(failure, data))).catch(() => {});
      for await (const _ of zstd.encode(chunksOf(data))) break;
      await expectCorrupt(zstd, Buffer.from('no zstd'));
    };
    await turn();
    const before = await countThreads();
    for (let times = 0; times < 10; times++) await turn();
    expect(await countThreads()).toBe(before);
  });

  it('zstd: works after streams that were left while all threads were busy', async () => {
    const [failure, job] = [new Error('the source failed'), sample(2 * 1024 ** 2)];
    for (let jobs = 3; jobs < 15; jobs++) {
      const chunks = Array.from({ length: jobs }, () => job);
      expect(await thrownBy(() => collect(zstd.encode(failingAfter(failure, ...chunks))))).toBe(failure);
      expect((await collect(zstd.decode(zstd.encode(chunksOf(...chunks))))).byteLength).toBe(
        jobs * job.length,
      );
    }
  }, 60_000);

  it('zstd: names the version that its bytes depend on', async () => {
    const { default: binding } = await import('zstd-napi/binding.js');
    expect(ZSTD_IDENTITY).toBe(`zstd ${binding.versionString()} level 3 job 1 MiB`);
  });

  it('zstd: takes any number of empty chunks', async () => {
    const frame = await collect(zstd.encode(chunksOf('abc')));
    const empty = Array.from({ length: 50 }, () => Buffer.alloc(0));
    expect(String(await collect(zstd.decode(chunksOf(...empty, frame, ...empty))))).toBe('abc');
    expect(String(await collect(zstd.decode(zstd.encode(chunksOf(...empty, 'abc', ...empty)))))).toBe('abc');
  });
});

describe('zstd without its addon', () => {
  it('says what to do', async () => {
    const broken = createZstdFilter('zstd', () =>
      Promise.reject(new Error('Cannot find module binding.node')),
    );
    for (const run of [broken.encode, broken.decode]) {
      const error = await thrownBy(() => collect(run(chunksOf('x'))));
      expect(error).toMatchObject({
        code: 'FILTER_UNAVAILABLE',
        advice: expect.stringContaining('npm rebuild zstd-napi'),
      });
    }
  });
});
