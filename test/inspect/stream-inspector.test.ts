import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Compressor } from 'zstd-napi';
import { streamDecoders } from '../../src/filters/stream-decoders.ts';
import { createStreamInspector } from '../../src/inspect/create-stream-inspector.ts';
import type { InspectDepth } from '../../src/inspect/stream-inspector.ts';
import { createStreamBuilder } from './build-stream.ts';
import { inspect, verdict } from './inspect.ts';
import { everyRecord } from './streams.ts';

function create(expect: 'zfs' | 'any' = 'any', depth: InspectDepth = 'full') {
  return createStreamInspector({ expect, depth, decoders: streamDecoders });
}

function zstd(
  bytes: Uint8Array,
  { checksumFlag = true, contentSizeFlag = true, windowLog = 0 } = {},
): Buffer {
  const compressor = new Compressor();
  compressor.setParameters({ checksumFlag, contentSizeFlag, ...(windowLog ? { windowLog } : {}) });
  return compressor.compress(bytes);
}

const SKIPPED = Buffer.concat([Buffer.of(0x53, 0x2a, 0x4d, 0x18, 5, 0, 0, 0), Buffer.from('12345')]);
const zfs = everyRecord().bytes();
/** Not a ZFS stream, and more than a block of zstd. */
const other = Buffer.concat([
  randomBytes(300_000),
  Buffer.alloc(300_000),
  Buffer.from('text '.repeat(10_000)),
]);

const encodings = [
  ['zstd', zstd],
  ['zstd without its checksum', (bytes: Uint8Array) => zstd(bytes, { checksumFlag: false })],
  ['zstd without a content size', (bytes: Uint8Array) => zstd(bytes, { contentSizeFlag: false })],
  [
    'zstd in several frames',
    (bytes: Uint8Array) =>
      Buffer.concat([SKIPPED, zstd(bytes.subarray(0, 700)), SKIPPED, zstd(bytes.subarray(700)), SKIPPED]),
  ],
  ['gzip', (bytes: Uint8Array) => gzipSync(bytes)],
  [
    'gzip in several members',
    (bytes: Uint8Array) => Buffer.concat([gzipSync(bytes.subarray(0, 700)), gzipSync(bytes.subarray(700))]),
  ],
] as const;

describe.each(encodings)('%s', (name, encode) => {
  const kind = name.startsWith('zstd') ? 'zstd' : 'gzip';

  it('is accepted whole, whatever is inside and however it is cut into chunks', async () => {
    for (const inside of [other, Buffer.alloc(0), Buffer.from('x'), zfs]) {
      const bytes = encode(inside);
      const inner = inside === zfs ? { kind: 'zfs', bytes: zfs.byteLength } : undefined;
      const facts = await inspect(create(), bytes);
      expect(facts).toMatchObject({ kind, bytes: bytes.byteLength });
      if (inner) expect(facts).toMatchObject({ inner });
      else expect(facts).toMatchObject({ inner: undefined });
      const cuts = fc.array(fc.nat({ max: bytes.byteLength }), { maxLength: 20 });
      await fc.assert(
        fc.asyncProperty(cuts, async (some) => {
          expect(await inspect(create(), bytes, some)).toEqual(facts);
        }),
        { numRuns: 10 },
      );
    }
    expect(await inspect(create('any', 'frames'), encode(zfs))).toMatchObject({ kind, inner: undefined });
  });

  it('is refused where it is cut short', async () => {
    const bytes = encode(zfs);
    // Frames that are to be skipped hold nothing: without one nobody misses anything.
    const isWhole = (end: number) =>
      name === 'zstd in several frames' &&
      [SKIPPED.byteLength, bytes.byteLength - SKIPPED.byteLength].includes(end);
    for (let end = 4; end < bytes.byteLength; end += end < 200 ? 1 : 7) {
      if (isWhole(end)) continue;
      expect((await verdict(create(), bytes.subarray(0, end))).refused, `${end}`).toBeDefined();
      if (name.includes('several')) continue;
      const { refused } = await verdict(create('any', 'frames'), bytes.subarray(0, end));
      expect(refused, `${end}`).toMatch(/is truncated after \d+ bytes/);
    }
  });

  it('is refused when what made the ZFS stream inside died', async () => {
    for (const end of [100, 312, 1000, zfs.byteLength - 1, zfs.byteLength - 312]) {
      const bytes = encode(zfs.subarray(0, end));
      expect((await verdict(create(), bytes)).refused).toBe(
        `The ZFS send stream inside the ${kind} stream is truncated after ${end} bytes, ${where(end)}`,
      );
      expect(await verdict(create('any', 'frames'), bytes)).toMatchObject({ facts: { kind } });
    }
  });

  it('is refused where a ZFS stream is wanted and something else is inside', async () => {
    for (const depth of ['full', 'frames'] as const) {
      for (const inside of [other, Buffer.alloc(0), Buffer.from('x')]) {
        const { refused } = await verdict(create('zfs', depth), encode(inside));
        expect(refused).toBe(`The ${kind} stream holds no ZFS send stream`);
      }
      expect(await verdict(create('zfs', depth), encode(zfs))).toMatchObject({ facts: { kind } });
    }
  });

  it('never makes it crash, whatever is done to it', async () => {
    const bytes = encode(zfs);
    const edit = fc.record({
      at: fc.nat({ max: bytes.byteLength }),
      remove: fc.nat({ max: 40 }),
      insert: fc.uint8Array({ maxLength: 40 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
        let changed = bytes;
        for (const { at, remove, insert } of edits) {
          changed = Buffer.concat([changed.subarray(0, at), insert, changed.subarray(at + remove)]);
        }
        await verdict(create(), changed);
        await verdict(create('any', 'frames'), changed);
      }),
      { numRuns: 100 },
    );
  });

  it('is left in the middle without a trace', async () => {
    const inspector = create();
    await inspector.push(encode(zfs).subarray(0, 600));
    inspector.close();
    inspector.close();
  });
});

function where(end: number): string {
  if (end === 100) return 'in record 1, before its type can be told';
  if (end === 312) return 'in record 1 (BEGIN)';
  if (end === 1000) return 'in record 3, before its type can be told';
  return end === zfs.byteLength - 312
    ? 'behind record 13 (REDACT), before END'
    : 'in record 14, before its type can be told';
}

describe('recognising', () => {
  const begin = createStreamBuilder().begin().bytes();

  it.each([
    ['text', Buffer.from('hello, hello, hello')],
    ['very little', Buffer.from('h')],
    ['zeros', Buffer.alloc(5000)],
    ['eight zeros', Buffer.alloc(8)],
    ['an old compress', Buffer.concat([Buffer.of(0x1f, 0x9d, 8, 0), randomBytes(100)])],
    ['lz4', Buffer.concat([Buffer.of(0x04, 0x22, 0x4d, 0x18), randomBytes(100)])],
    [
      'lz4 behind frames that are to be skipped',
      Buffer.concat([SKIPPED, Buffer.of(4, 0x22, 0x4d, 0x18), randomBytes(9)]),
    ],
    ['an encrypted zstd', Buffer.concat([Buffer.from('age-encryption.org/v1\n'), randomBytes(100)])],
  ])('lets %s pass, unless a ZFS stream is wanted', async (_, bytes) => {
    for (const cuts of [[], [1, 2, 3, 4, 9, 15, 16, 17]]) {
      expect(await inspect(create(), bytes, cuts)).toEqual({ kind: 'unknown', bytes: bytes.byteLength });
      expect((await verdict(create('zfs'), bytes, cuts)).refused).toMatch(/no ZFS send stream/);
    }
  });

  it.each([
    ['little', begin, 9],
    ['big', createStreamBuilder({ bigEndian: true }).begin().bytes(), 12],
  ])('knows a ZFS stream by one byte of its magic number (%s endian)', async (_, bytes, from) => {
    for (let end = from; end < 312; end += 1) {
      const { refused } = await verdict(create(), bytes.subarray(0, end));
      expect(refused).toContain(`is truncated after ${end} bytes`);
    }
    for (let end = 0; end < from; end += 1) {
      expect((await verdict(create('zfs'), bytes.subarray(0, end))).refused).toBeDefined();
    }
  });

  it('knows a ZFS stream whose first bytes were damaged', async () => {
    for (let at = 0; at < 8; at += 1) {
      const damaged = Buffer.from(zfs);
      damaged.writeUInt8(damaged.readUInt8(at) ^ 0x40, at);
      for (const bytes of [damaged, zstd(damaged), gzipSync(damaged)]) {
        expect((await verdict(create(), bytes)).refused, `${at}`).toMatch(/ZFS send stream/);
      }
    }
  });

  it('says of a stream that is being made to make it again, and of a stored one to take another', async () => {
    for (const encoded of [zstd(zfs), gzipSync(zfs)]) {
      const last = encoded.byteLength - 1;
      encoded.writeUInt8(encoded.readUInt8(last) ^ 1, last);
      for (const advice of [undefined, 'take another']) {
        const options = { expect: 'any', depth: 'full', decoders: streamDecoders } as const;
        const inspector = createStreamInspector({ ...options, ...(advice ? { advice } : {}) });
        const failure = inspect(inspector, encoded);
        await expect(failure).rejects.toMatchObject({
          code: 'CORRUPT_STREAM',
          advice: advice ?? expect.stringContaining('make it again'),
        });
      }
    }
  });

  it('compares checksums with full depth only', async () => {
    const damaged = Buffer.from(zfs);
    damaged.writeUInt8(damaged.readUInt8(3000) ^ 1, 3000);
    expect((await verdict(create(), damaged)).refused).toContain('checksum');
    expect((await verdict(create('any', 'frames'), damaged)).facts).toBeDefined();
    expect((await verdict(create(), zstd(damaged))).refused).toContain('checksum');
  });

  it('does not look inside a zstd stream that takes more memory than is good', async () => {
    const wide = zstd(Buffer.concat([zfs, Buffer.alloc(300_000)]), { windowLog: 27, contentSizeFlag: false });
    // the window descriptor, which only a decoder asks about
    wide.writeUInt8((28 - 10) << 3, 5);
    expect(await verdict(create(), wide)).toMatchObject({ facts: { kind: 'zstd', inner: undefined } });
  });

  it('follows frames without a decoder', async () => {
    const inspector = () => createStreamInspector({ expect: 'any', depth: 'full' });
    expect(await inspect(inspector(), zstd(other))).toMatchObject({ kind: 'zstd', inner: undefined });
    expect((await verdict(inspector(), zstd(other).subarray(0, 1000))).refused).toContain('truncated');
  });
});
