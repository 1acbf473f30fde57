import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { gzipFilter } from '../../src/filters/gzip.ts';
import { createPigzFilter } from '../../src/filters/pigz.ts';
import { pipeThrough, readProcess } from '../../src/stream/process.ts';
import { chunksOf, collect, cutAt, thrownBy } from '../stream/fixtures.ts';
import { expectCorrupt, named, sample } from './sample-filters.ts';

describe('what others write and read', () => {
  const data = sample(700_000);

  it('gzip: Node reads ours, and we read what pigz writes', async () => {
    expect(gunzipSync(await collect(gzipFilter.encode(chunksOf(data)))).equals(data)).toBe(true);
    const theirs = await collect(pipeThrough(['pigz', '-1', '--blocksize', '4096'], chunksOf(data)));
    expect((await collect(gzipFilter.decode(cutAt(theirs, [1000])))).equals(data)).toBe(true);
  });
});

describe('pigz', () => {
  it('runs what z3 ran, and needs no pigz to decode by hand', () => {
    expect(named('pigz1').commands.encode).toEqual(['pigz', '-1', '--blocksize', '4096']);
    expect(named('pigz4').commands.encode).toEqual(['pigz', '-4', '--blocksize', '4096']);
    expect(named('pigz4').commands.decode).toEqual(['gzip', '-d']);
  });

  const missing = createPigzFilter('pigz1', ['no-pigz-here'], ['no-pigz-here', '-d']);

  it('is replaced by the built-in gzip when it is missing at decoding', async () => {
    const data = sample(300_000);
    expect((await collect(missing.decode(cutAt(gzipSync(data), [1000])))).equals(data)).toBe(true);
    await expectCorrupt(missing, gzipSync(data).subarray(0, 1000));
  });

  it('is not taken for missing when it is the source that misses a program', async () => {
    const source = readProcess(['no-such-program-here']);
    const error = await thrownBy(() => collect(named('pigz1').decode(source)));
    expect(error).toMatchObject({ code: 'PROGRAM_MISSING', command: ['no-such-program-here'] });
  });

  it('is demanded for encoding', async () => {
    const error = await thrownBy(() => collect(missing.encode(chunksOf('x'))));
    expect(error).toMatchObject({ code: 'PROGRAM_MISSING', advice: expect.stringContaining('no-pigz-here') });
  });
});
