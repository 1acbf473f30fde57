import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Zfs3BackupError } from '../../src/errors.ts';
import type { Filter } from '../../src/filters/filter.ts';
import { gzipFilter } from '../../src/filters/gzip.ts';
import { createPigzFilter, pigzFilters } from '../../src/filters/pigz.ts';
import { createFilterRegistry } from '../../src/filters/registry.ts';
import { createZstdFilter, ZSTD_IDENTITY } from '../../src/filters/zstd.ts';
import { pipeThrough, readProcess } from '../../src/stream/process.ts';
import { childPids, chunksOf, collect, cutAt, failingAfter, fixture, thrownBy } from '../stream/fixtures.ts';

const zstd = createZstdFilter();
const sections = [
  { name: 'xz', compress: ['xz', '-0', '-c'], decompress: ['xz', '-d', '-c'] },
  { name: 'gzip9', compress: ['gzip', '-9'], decompress: ['gzip', '-d'] },
];
const registry = createFilterRegistry(sections);

function named(name: string): Filter {
  const filter = registry.find(name);
  if (!filter) throw new Error(`No filter ${name}`);
  return filter;
}

/** A program that writes bytes that do not compress, for ever. */
const endless = ['cat', '/dev/urandom'];

/** Bytes that compress somewhat. */
function sample(bytes: number): Buffer {
  const data = randomBytes(bytes);
  for (let at = 0; at < bytes; at += 3) data[at] = 65;
  return data;
}

async function expectCorrupt(filter: Filter, data: Uint8Array): Promise<void> {
  const error = await thrownBy(() => collect(filter.decode(chunksOf(data))));
  expect(error).toBeInstanceOf(Zfs3BackupError);
  expect(['CORRUPT_STREAM', 'PROCESS_FAILED']).toContain((error as Zfs3BackupError).code);
}

const builtIn = [zstd, gzipFilter] as const;
const all = [...builtIn, ...pigzFilters, createZstdFilter('zstd3'), named('gzip9')];

describe.each(all.map((filter) => [filter.name, filter] as const))('%s', (_name, filter) => {
  it.each([0, 1, 131_072, 5_000_001])('gives %i bytes back', async (bytes) => {
    const data = sample(bytes);
    const back = filter.decode(filter.encode(cutAt(data, [65_536, 1, 0, 200_000])));
    expect((await collect(back)).equals(data)).toBe(true);
  });

  it('never ends well when its source fails', async () => {
    const failure = new Error('the source failed');
    for (const bytes of [0, 1, 3_000_000]) {
      const encoded: Buffer[] = [];
      const error = await thrownBy(async () => {
        for await (const chunk of filter.encode(failingAfter(failure, sample(bytes))))
          encoded.push(Buffer.from(chunk));
      });
      expect(error).toBe(failure);
      await expectCorrupt(filter, Buffer.concat(encoded));
      expect(await thrownBy(() => collect(filter.decode(failingAfter(failure))))).toBe(failure);
    }
  });

  it('is rejected with the reason of the signal', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const { signal } = controller;
    const source = () => readProcess(endless, { signal });
    const error = await thrownBy(async () => {
      for await (const _ of filter.encode(source(), { signal })) controller.abort(reason);
    });
    expect(error).toBe(reason);
    expect(await childPids()).toEqual([]);
  });

  it('ends its source when it is left early', async () => {
    for await (const _ of filter.encode(readProcess(endless))) break;
    const data = await collect(filter.encode(chunksOf(sample(1_000_000))));
    for await (const _ of filter.decode(cutAt(data, [1000]))) break;
    expect(await childPids()).toEqual([]);
  });
});

describe.each(builtIn.map((filter) => [filter.name, filter] as const))('%s, built in', (_name, filter) => {
  const lengths = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 6 });

  it('gives back any bytes for any chunks on both sides', async () => {
    const property = fc.asyncProperty(
      fc.uint8Array({ maxLength: 500 }),
      lengths,
      lengths,
      async (data, one, other) => {
        const encoded = await collect(filter.encode(cutAt(data, one)));
        expect((await collect(filter.decode(cutAt(encoded, other)))).equals(data)).toBe(true);
      },
    );
    await fc.assert(property, { numRuns: 60 });
  });

  it('refuses a body that is cut, at every byte', async () => {
    const encoded = await collect(filter.encode(chunksOf(sample(400))));
    for (let end = 0; end < encoded.byteLength; end++) await expectCorrupt(filter, encoded.subarray(0, end));
  });

  it('refuses a body that is cut, far inside', async () => {
    const encoded = await collect(filter.encode(chunksOf(sample(600_000))));
    for (const end of [1, 1000, 131_072, encoded.byteLength - 5, encoded.byteLength - 1]) {
      await expectCorrupt(filter, encoded.subarray(0, end));
    }
  });

  it('reads several bodies one after another, for any chunks', async () => {
    const [one, two] = [sample(1000), sample(200)];
    const bodies = [one, Buffer.alloc(0), two].map((data) => collect(filter.encode(chunksOf(data))));
    const encoded = Buffer.concat(await Promise.all(bodies));
    const expected = Buffer.concat([one, two]);
    await fc.assert(
      fc.asyncProperty(lengths, async (cuts) => {
        expect((await collect(filter.decode(cutAt(encoded, cuts)))).equals(expected)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it('refuses bytes behind the end, in the same chunk or the next', async () => {
    const encoded = await collect(filter.encode(chunksOf(sample(1000))));
    for (const junk of ['x', 'some garbage', '\0', '\0'.repeat(100), '\x1f\x8b', '\x28\xb5']) {
      const bytes = Buffer.from(junk, 'latin1');
      await expectCorrupt(filter, Buffer.concat([encoded, bytes]));
      expect(await thrownBy(() => collect(filter.decode(chunksOf(encoded, bytes))))).toMatchObject({
        code: 'CORRUPT_STREAM',
      });
      await expectCorrupt(filter, Buffer.concat([encoded, bytes, encoded]));
    }
  });

  it('notices a flipped bit by its checksum', async () => {
    const encoded = await collect(filter.encode(chunksOf(randomBytes(5000))));
    const at = 2500;
    encoded[at] = (encoded[at] ?? 0) ^ 1;
    await expectCorrupt(filter, encoded);
  });
});

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

  it('gzip: Node reads ours, and we read what pigz writes', async () => {
    expect(gunzipSync(await collect(gzipFilter.encode(chunksOf(data)))).equals(data)).toBe(true);
    const theirs = await collect(pipeThrough(['pigz', '-1', '--blocksize', '4096'], chunksOf(data)));
    expect((await collect(gzipFilter.decode(cutAt(theirs, [1000])))).equals(data)).toBe(true);
  });
});

describe('pigz', () => {
  it('runs what z3 ran', () => {
    expect(named('pigz1').commands.encode).toEqual(['pigz', '-1', '--blocksize', '4096']);
    expect(named('pigz4').commands.encode).toEqual(['pigz', '-4', '--blocksize', '4096']);
    expect(named('pigz4').commands.decode).toEqual(['pigz', '-d']);
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

describe('external filters', () => {
  it('fail with the words of their program', async () => {
    const argv = [fixture('read-then-exit'), '10', '1', 'out of ideas'];
    const failing = createFilterRegistry([{ name: 'odd', compress: argv, decompress: argv }]).find('odd');
    const error = await thrownBy(() => collect(failing?.encode(chunksOf(sample(1_000_000))) ?? chunksOf()));
    expect(error).toMatchObject({ code: 'PROCESS_FAILED', exitCode: 1, stderr: 'out of ideas' });
  });
});

describe('createFilterRegistry', () => {
  it('knows the built-in ones, the predecessors and the configured ones', () => {
    expect(registry.names).toEqual([
      'none',
      'zstd',
      'gzip',
      'pigz1',
      'pigz4',
      'zstd3',
      'pbzip2',
      'xz',
      'gzip9',
    ]);
    for (const name of registry.names.slice(1)) expect(registry.find(name)?.name).toBe(name);
  });

  it('has no filter for none', () => {
    for (const name of [undefined, '', 'none', 'None']) expect(registry.find(name)).toBeUndefined();
  });

  it('lists the known names for one that is unknown', () => {
    expect(() => registry.find('lz9')).toThrow(expect.objectContaining({ code: 'UNKNOWN_FILTER' }));
    try {
      registry.find('lz9');
    } catch (error) {
      expect(String(error)).toContain('lz9');
      expect((error as Zfs3BackupError).advice).toContain('none, zstd, gzip, pigz1, pigz4');
    }
  });

  it('prefers a configured filter to a built-in one of that name', () => {
    const own = { name: 'zstd', compress: ['zstd', '-9'], decompress: ['zstd', '-d'] };
    expect(createFilterRegistry([own]).find('zstd')?.commands.encode).toEqual(['zstd', '-9']);
  });
});
