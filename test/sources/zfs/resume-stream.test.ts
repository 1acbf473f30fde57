import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NotContinuableError } from '../../../src/sources/not-continuable.ts';
import { readPackedNvlist, withNumbers } from '../../../src/sources/zfs/packed-nvlist.ts';
import { resumeStream } from '../../../src/sources/zfs/resume-stream.ts';
import { decodeResumeToken, type ResumePoint } from '../../../src/sources/zfs/resume-token.ts';
import {
  addBytes,
  afterWords,
  minus,
  NO_SUMS,
  type Sums,
} from '../../../src/sources/zfs/running-checksum.ts';
import { collect, cutAt, thrownBy } from '../../stream/fixtures.ts';

/** A stream in which each record is written as `zfs send` does, with the sums of all before it. */
interface Told {
  readonly type: number;
  readonly object?: number;
  readonly offset?: number;
  readonly payload?: Buffer;
  /** FREE: up to the end. OBJECT_RANGE: slots. */
  readonly length?: bigint;
}

const [OBJECT, WRITE, FREE, END, EMBEDDED, RANGE] = [1, 3, 4, 5, 8, 9];
const GUID = 0xfeed_beef_1234_5678n;
const TO_THE_END = 0xffff_ffff_ffff_ffffn;
const RAW = 1n << 24n;

interface Shape {
  readonly le?: boolean;
  readonly payload?: Uint8Array;
  readonly features?: bigint;
  readonly headerType?: bigint;
  readonly withoutSums?: boolean;
}

function buildStream(records: readonly Told[], shape: Shape = {}): Buffer {
  const { le = true, payload = new Uint8Array(0), features = 4n, headerType = 1n, withoutSums } = shape;
  const pieces: Buffer[] = [];
  let sums: Sums = NO_SUMS;
  const put = (bytes: Buffer) => {
    pieces.push(bytes);
    sums = addBytes(sums, bytes, le);
  };
  const begin = createRecord(0, le);
  begin.view.setUint32(4, payload.byteLength, le);
  begin.view.setBigUint64(8, 0x2f5bacbacn, le);
  begin.view.setBigUint64(16, (features << 2n) | headerType, le);
  begin.view.setBigUint64(40, GUID, le);
  put(begin.bytes);
  put(Buffer.from(payload));
  for (const told of records) {
    const { bytes, view } = createRecord(told.type, le);
    fill(view, told, le);
    if (told.type === END) writeSums(view, 8, sums, le);
    put(bytes.subarray(0, 280));
    if (!withoutSums) writeSums(view, 280, sums, le);
    put(bytes.subarray(280));
    put(told.payload ?? Buffer.alloc(0));
  }
  return Buffer.concat(pieces);
}

function createRecord(type: number, le: boolean) {
  const bytes = Buffer.alloc(312);
  const view = new DataView(bytes.buffer, bytes.byteOffset, 312);
  view.setUint32(0, type, le);
  return { bytes, view };
}

function fill(view: DataView, { type, object = 0, offset = 0, length = 0n, payload }: Told, le: boolean) {
  const bytes = payload?.byteLength ?? 0;
  if (type !== END) view.setBigUint64(8, BigInt(object), le);
  if (type === OBJECT) view.setUint32(28, bytes, le);
  if (type === WRITE) {
    view.setBigUint64(24, BigInt(offset), le);
    view.setBigUint64(32, BigInt(bytes), le);
  }
  if (type === FREE || type === EMBEDDED) view.setBigUint64(16, BigInt(offset), le);
  if (type === FREE) view.setBigUint64(24, length, le);
  if (type === EMBEDDED) view.setUint32(52, bytes, le);
  if (type === RANGE) view.setBigUint64(16, length, le);
}

function writeSums(view: DataView, at: number, sums: Sums, le: boolean) {
  sums.forEach((sum, index) => {
    view.setBigUint64(at + 8 * index, sum, le);
  });
}

const data = (seed: number, bytes = 512) => Buffer.alloc(bytes, `block ${seed} `);

/** Objects of some blocks each; the attributes of each come before its data. */
function recordsOf(objects: readonly number[], { raw = false } = {}): Told[] {
  return objects.flatMap((blocks, index): Told[] => {
    const object = index + 1;
    const range: Told[] = raw && index % 32 === 0 ? [{ type: RANGE, object: index, length: 32n }] : [];
    return [
      ...range,
      { type: OBJECT, object, payload: data(object, 176) },
      { type: FREE, object, offset: blocks * 512, length: TO_THE_END },
      ...Array.from({ length: blocks }, (_, block): Told => {
        const at = { object, offset: block * 512 };
        if (block % 5 === 3) return { ...at, type: FREE, length: 512n };
        if (block % 5 === 4) return { ...at, type: EMBEDDED, payload: data(block, 24) };
        return { ...at, type: WRITE, payload: data(object * 100 + block) };
      }),
    ];
  });
}

const END_RECORD: Told = { type: END };

function pointAt({ object = 0, offset = 0 }: Told, guid = GUID): ResumePoint {
  const told = { guid: String(guid), parentGuid: undefined, name: 'p/a@s', bytes: 1 };
  return { ...told, object: BigInt(object), offset: BigInt(offset) };
}

const resumed = (stream: Buffer, point: ResumePoint, cut = [65_536]) =>
  collect(resumeStream(cutAt(stream, cut), point));

const isData = ({ type }: Told) => type === WRITE || type === EMBEDDED;

describe('resumeStream', () => {
  it('makes what a sender would make that starts at the point', async () => {
    const shapes = fc.record({
      objects: fc.array(fc.nat(12), { minLength: 1, maxLength: 6 }),
      at: fc.nat(),
      le: fc.boolean(),
      raw: fc.boolean(),
      cut: fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(shapes, async ({ objects, at, le, raw, cut }) => {
        const records = recordsOf(objects, { raw });
        const candidates = records.filter(isData);
        const start = candidates[at % Math.max(candidates.length, 1)];
        fc.pre(start !== undefined);
        const point = pointAt(start);
        const numbers = { resume_object: point.object, resume_offset: point.offset };
        const features = raw ? 4n | RAW : 4n;
        const keys = raw ? withNumbers(new Uint8Array(0), { key: 7n }, le) : undefined;
        const own = keys ?? new Uint8Array(0);
        const about = records.filter(
          (record) =>
            record.type === RANGE ||
            (record.object === start.object &&
              (record.type === OBJECT || (record.type === FREE && record.length === TO_THE_END))),
        );
        const rest = records.slice(records.indexOf(start));
        const expected = buildStream([...about, ...rest, END_RECORD], {
          ...{ le, features: features | (1n << 20n) },
          payload: withNumbers(own, numbers, le) ?? own,
        });
        const whole = buildStream([...records, END_RECORD], { le, features, payload: own });
        expect(await resumed(whole, point, cut)).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it('makes nothing that can be received of a stream that is damaged behind the point', async () => {
    const records = recordsOf([6, 6]);
    const whole = buildStream([...records, END_RECORD]);
    const first = records.find(isData);
    const good = await resumed(whole, pointAt(first ?? END_RECORD));
    expect(endSumsFit(good)).toBe(true);
    whole[whole.byteLength - 312 - 100] = 1 + (whole[whole.byteLength - 312 - 100] ?? 0);
    expect(endSumsFit(await resumed(whole, pointAt(first ?? END_RECORD)))).toBe(false);
  });

  it.each([
    ['no stream of ZFS', Buffer.alloc(1000, 1), undefined],
    ['no stream of ZFS', Buffer.alloc(10), undefined],
    ['a package', buildStream([END_RECORD], { headerType: 2n }), undefined],
    ['itself the rest', buildStream([END_RECORD], { features: 1n << 20n }), undefined],
    ['another snapshot', buildStream([END_RECORD]), pointAt({ type: WRITE, object: 1 }, 5n)],
    ['does not hold', buildStream([...recordsOf([4]), END_RECORD]), pointAt({ type: WRITE, object: 9 })],
    [
      'does not hold',
      buildStream([...recordsOf([4, 4]), END_RECORD]),
      pointAt({ type: WRITE, object: 1, offset: 7 }),
    ],
    ['does not hold', buildStream(recordsOf([4])), pointAt({ type: WRITE, object: 9 })],
    ['no checksums', buildStream(recordsOf([4]), { withoutSums: true }), pointAt({ type: WRITE, object: 1 })],
    ['not known', buildStream([END_RECORD], { payload: Buffer.alloc(16, 9) }), undefined],
  ])('says that it cannot: %s', async (why, stream, point = pointAt({ type: WRITE, object: 1 })) => {
    const error = await thrownBy(() => resumed(stream, point));
    expect(error).toBeInstanceOf(NotContinuableError);
    expect(error).toMatchObject({ code: 'TARGET_CONFLICT', reason: expect.stringContaining(why) });
  });

  it('throws what the source throws, also before the point', async () => {
    const failure = new Error('the store is gone');
    const whole = buildStream([...recordsOf([4, 4]), END_RECORD]);
    for (const bytes of [100, 1000, whole.byteLength - 700]) {
      const source = async function* () {
        yield whole.subarray(0, bytes);
        throw failure;
      };
      const point = pointAt({ type: WRITE, object: 2 });
      expect(await thrownBy(() => collect(resumeStream(source(), point)))).toBe(failure);
    }
  });
});

/** Whether END holds the sums of what is before it. */
function endSumsFit(stream: Buffer): boolean {
  const at = stream.byteLength - 312;
  const sums = addBytes(NO_SUMS, stream.subarray(0, at), true);
  return sums.every((sum, index) => stream.readBigUInt64LE(at + 8 + 8 * index) === sum);
}

describe('a difference of sums', () => {
  it('goes on by itself where the words are the same', () => {
    const bytes = fc.uint8Array({ maxLength: 400 });
    const words = fc.uint8Array({ maxLength: 4000 });
    fc.assert(
      fc.property(bytes, bytes, words, (one, other, same) => {
        const whole = (part: Uint8Array) => part.subarray(0, part.byteLength & ~3);
        const [a, b] = [addBytes(NO_SUMS, whole(one), true), addBytes(NO_SUMS, whole(other), true)];
        const after = minus(addBytes(a, whole(same), true), addBytes(b, whole(same), true));
        expect(afterWords(minus(a, b), BigInt(same.byteLength >> 2))).toEqual(after);
        expect(afterWords(after, -BigInt(same.byteLength >> 2))).toEqual(minus(a, b));
      }),
    );
  });
});

describe('decodeResumeToken', () => {
  it('reads what OpenZFS 2.3 wrote', () => {
    expect(
      decodeResumeToken(
        '1-89f1de422-b0-789c636064000310a500c4ec50360710e72765a526973030b0419460caa7a515a7968064d8e0f26c48f2499525a9c5403a21b303abfe92fcf4d2cc140686953b7732ce0e3bcb882ccf0996cf4bcc4d656028d04f74c8cf4b059b01005a7c14e2',
      ),
    ).toEqual({
      ...{ guid: '129855188012480937', parentGuid: undefined, name: 'p/a@one' },
      ...{ bytes: 8_939_872, object: 6n, offset: 393_216n },
    });
  });

  it.each([
    '',
    '-',
    '1-2-3-4',
    '2-a-b-00',
    '1-a-b-zz',
    '1-a-b-00ff',
    `1-a-b-${deflateSync(Buffer.alloc(64)).toString('hex')}`,
  ])('makes nothing of %j', (token) => {
    expect(decodeResumeToken(token)).toBeUndefined();
  });

  it('never fails, and never grows without bound', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const token = `1-a-b-${deflateSync(bytes).toString('hex')}`;
        expect(() => decodeResumeToken(token)).not.toThrow();
      }),
    );
    const bomb = deflateSync(Buffer.alloc(64 * 1024 * 1024)).toString('hex');
    expect(decodeResumeToken(`1-a-b-${bomb}`)).toBeUndefined();
  });
});

it('lists with numbers put before their own pairs are read back, in both byte orders', () => {
  const numbers = fc.dictionary(
    fc.stringMatching(/^[a-z_]{1,30}$/),
    fc.bigInt({ min: 0n, max: TO_THE_END }),
    {
      minKeys: 1,
    },
  );
  fc.assert(
    fc.property(numbers, numbers, fc.boolean(), (first, more, le) => {
      const list = withNumbers(withNumbers(new Uint8Array(0), first, le) ?? new Uint8Array(0), more, le);
      const names = Object.entries({ ...more, ...first });
      expect(new Map(readPackedNvlist(list ?? new Uint8Array(0)))).toEqual(new Map(names));
    }),
  );
});
