import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gzipFilter } from '../../src/filters/gzip.ts';
import { pigzFilters } from '../../src/filters/pigz.ts';
import { createFilterRegistry } from '../../src/filters/registry.ts';
import { createZstdFilter } from '../../src/filters/zstd.ts';
import { readProcess } from '../../src/stream/process.ts';
import { childPids, chunksOf, collect, cutAt, failingAfter, fixture, thrownBy } from '../stream/fixtures.ts';
import { expectCorrupt, named, sample, zstd } from './sample-filters.ts';

/** A program that writes bytes that do not compress, for ever. */
const endless = ['cat', '/dev/urandom'];

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

  it.each(['encode', 'decode'] as const)(
    'refuses to %s what is no bytes, and leaves its source',
    async (way) => {
      let isLeft = false;
      async function* source() {
        try {
          yield 'text' as never;
        } finally {
          isLeft = true;
        }
      }
      expect(await thrownBy(() => collect(filter[way](source())))).toMatchObject({ code: 'USAGE' });
      expect(isLeft).toBe(true);
    },
  );

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

describe('external filters', () => {
  it('fail with the words of their program', async () => {
    const argv = [fixture('read-then-exit'), '10', '1', 'out of ideas'];
    const failing = createFilterRegistry([{ name: 'odd', compress: argv, decompress: argv }]).find('odd');
    const error = await thrownBy(() => collect(failing?.encode(chunksOf(sample(1_000_000))) ?? chunksOf()));
    expect(error).toMatchObject({ code: 'PROCESS_FAILED', exitCode: 1, stderr: 'out of ideas' });
  });
});
