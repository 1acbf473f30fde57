import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createZfsInspector } from '../../src/inspect/zfs-inspector.ts';
import { createStreamBuilder, packNvlist } from './build-stream.ts';
import { inspect, verdict } from './inspect.ts';
import { ALL_SENT, everyRecord, packageList, packageOf, type Sent } from './streams.ts';

const full = () => createZfsInspector({ checksums: true });
const frames = () => createZfsInspector({ checksums: false });

const kinds = [
  ['as OpenZFS writes it', {}],
  ['without sums in its records, as zfs-fuse writes it', { recordSums: false }],
  ['in the other byte order', { bigEndian: true }],
] as const;

/** A whole stream of each kind, small enough to be cut everywhere. */
const samples = kinds.flatMap(([name, options]) => [
  [`a stream ${name}`, () => everyRecord(options)] as const,
  [`a package ${name}`, () => packageOf(packageList(), ALL_SENT, options)] as const,
]);

describe.each(samples)('%s', (_, build) => {
  it('is accepted, however it is cut into chunks', async () => {
    const bytes = build().bytes();
    const facts = await inspect(full(), bytes);
    expect(facts).toMatchObject({ kind: 'zfs', bytes: bytes.byteLength, records: build().ends().length });
    expect(await inspect(frames(), bytes)).toEqual(facts);
    const each = Array.from(bytes, (_byte, at) => at);
    expect(await inspect(full(), bytes, each)).toEqual(facts);
    const cuts = fc.array(fc.nat({ max: bytes.byteLength }), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(cuts, async (some) => {
        expect(await inspect(full(), bytes, some)).toEqual(facts);
      }),
      { numRuns: 50 },
    );
  });

  it('is refused wherever it is cut short, also without checksums', async () => {
    const built = build();
    const bytes = built.bytes();
    const near = new Set(built.ends().flatMap((end) => [end - 1, end, end + 1]));
    for (const create of [full, frames]) {
      // To ask it does not end it: one goes through all places, a new one to those where the way there may matter.
      const going = create();
      for (let end = 0; end < bytes.byteLength; end += 1) {
        expect(() => going.end()).toThrow(`is truncated after ${end} bytes`);
        going.push(bytes.subarray(end, end + 1));
        if (end % 61 > 0 && !near.has(end)) continue;
        const inspector = create();
        inspector.push(bytes.subarray(0, end));
        expect(() => inspector.end()).toThrow(`is truncated after ${end} bytes`);
      }
      expect(going.end()).toMatchObject({ kind: 'zfs', bytes: bytes.byteLength });
    }
  });

  it('is refused with anything behind its end', async () => {
    const bytes = build().bytes();
    for (const more of [Buffer.of(0), Buffer.alloc(512), bytes]) {
      const { refused } = await verdict(frames(), Buffer.concat([bytes, more]));
      expect(refused).toContain(`ends at byte ${bytes.byteLength}, and more bytes follow`);
    }
  });

  it('is refused with any bit turned over', async () => {
    const bytes = build().bytes();
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: bytes.byteLength * 8 - 1 }), async (bit) => {
        const damaged = Buffer.from(bytes);
        damaged.writeUInt8(damaged.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        const { refused } = await verdict(full(), damaged);
        expect(refused, `bit ${bit}`).toBeDefined();
      }),
      { numRuns: 300 },
    );
  });

  it('never makes it crash, whatever is done to it', async () => {
    const bytes = build().bytes();
    const edit = fc.record({
      at: fc.nat({ max: bytes.byteLength }),
      remove: fc.nat({ max: 400 }),
      insert: fc.uint8Array({ maxLength: 400 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), async (edits) => {
        let changed = bytes;
        for (const { at, remove, insert } of edits) {
          changed = Buffer.concat([changed.subarray(0, at), insert, changed.subarray(at + remove)]);
        }
        const { facts } = await verdict(full(), changed);
        if (facts) expect(changed.equals(bytes)).toBe(true);
        await verdict(frames(), changed);
      }),
      { numRuns: 300 },
    );
  });
});

it('takes random bytes behind a magic number without a crash', async () => {
  const begin = createStreamBuilder().begin().bytes();
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 5000 }), async (noise) => {
      const { refused } = await verdict(full(), Buffer.concat([begin, noise]));
      expect(refused).toBeDefined();
    }),
  );
});

describe('what it says', () => {
  const stream = () =>
    createStreamBuilder().begin({ name: 'tank/a@2', parentGuid: 5n, features: 4 | (1 << 22) });

  it('of a stream', async () => {
    const bytes = stream().object(Buffer.from('bonus')).write(randomBytes(512)).end().bytes();
    expect(await inspect(full(), bytes)).toEqual({
      kind: 'zfs',
      isPackage: false,
      records: 4,
      bytes: bytes.byteLength,
      streams: [
        {
          name: 'tank/a@2',
          guid: String(0x1122334455667788n),
          parentGuid: '5',
          createdAt: new Date(1_700_000_000_000),
          type: 'filesystem',
          features: ['compressed', 'spill'],
          flags: ['free-records'],
        },
      ],
    });
  });

  it('of features that nobody knows yet, of a volume, and of a name that fills the record', async () => {
    const name = `tank/${'n'.repeat(240)}@${'s'.repeat(10)}`;
    const bytes = createStreamBuilder()
      .begin({ name, type: 3, features: 2 ** 29 + (1 << 24), flags: 1 })
      .end()
      .bytes();
    const { streams } = createFacts(bytes);
    expect(streams).toMatchObject([
      { name: name.slice(0, 256), type: 'volume', features: ['bit-29', 'raw'], flags: ['clone'] },
    ]);
  });

  function createFacts(bytes: Uint8Array) {
    const inspector = full();
    inspector.push(bytes);
    return inspector.end();
  }

  it('where a stream was cut', async () => {
    const bytes = stream().object(Buffer.from('bonus')).write(randomBytes(512)).end().bytes();
    const at = async (end: number) => (await verdict(full(), bytes.subarray(0, end))).refused;
    expect(await at(100)).toBe(
      'The ZFS send stream is truncated after 100 bytes, in record 1, before its type can be told',
    );
    expect(await at(312 * 2 + 8)).toContain('bytes, behind record 2 (OBJECT), before END');
    expect(await at(312 * 3 + 8 + 100)).toContain('1044 bytes, in record 3 (WRITE)');
  });

  it('where it was damaged', async () => {
    const bytes = stream().object(Buffer.from('bonus')).write(randomBytes(512)).end().bytes();
    bytes.writeUInt8(bytes.readUInt8(1200) ^ 1, 1200);
    const { refused } = await verdict(full(), bytes);
    expect(refused).toBe(
      `The ZFS send stream is damaged at byte ${bytes.byteLength - 312}: the checksum of all before this END record does not fit`,
    );
    expect(await verdict(frames(), bytes)).toMatchObject({ facts: { kind: 'zfs' } });
  });

  it('of records that are too new, and what to do', async () => {
    const bytes = stream().bare(11).end().bytes();
    const inspector = full();
    expect(() => inspector.push(bytes)).toThrow(
      expect.objectContaining({
        message: expect.stringContaining('a record of type 11, which is not known here'),
        advice: expect.stringContaining('--expect none'),
      }),
    );
  });

  it.each([
    [
      'a block of more than 16 MiB',
      3,
      (view: DataView) => view.setBigUint64(32, 16n * 1024n ** 2n + 512n, true),
    ],
    ['a block that no number holds', 3, (view: DataView) => view.setBigUint64(32, 2n ** 64n - 4n, true)],
    ['an odd length', 3, (view: DataView) => view.setBigUint64(32, 513n, true)],
    ['a spill of more than 16 MiB', 7, (view: DataView) => view.setBigUint64(40, 2n ** 40n, true)],
    ['a bonus of more than 16 KiB', 1, (view: DataView) => view.setUint32(36, 20_000, true)],
    ['more embedded than a pointer holds', 8, (view: DataView) => view.setUint32(52, 200, true)],
  ] as const)('of %s', async (_, type, fill) => {
    const { refused } = await verdict(full(), stream().record(type, fill).bytes());
    expect(refused).toMatch(/claims \d+ bytes of payload/);
  });

  it('of a list of a package that is longer than zfs receive takes', async () => {
    const bytes = createStreamBuilder().begin({}, 2).bytes();
    bytes.writeUInt32LE(64 * 1024 ** 2 + 4, 4);
    expect((await verdict(full(), bytes)).refused).toContain('claims 67108868 bytes of payload');
  });

  it.each([
    ['no BEGIN', () => createStreamBuilder().write(randomBytes(512)).end(), 'it does not start with BEGIN'],
    ['a second BEGIN inside', () => stream().begin().end(), 'a record of type BEGIN cannot stand here'],
    ['a package inside', () => packageOf(packageList(), ALL_SENT).begin({}, 2), 'follow after the end'],
    ['another kind', () => createStreamBuilder().begin({}, 3).end(), 'a kind of stream that is not known'],
  ])('of %s', async (_, build, message) => {
    expect((await verdict(full(), build().bytes())).refused).toContain(message);
  });

  it('of an END that belongs to another snapshot', async () => {
    const bytes = stream().end().bytes();
    bytes.writeUInt8(1, bytes.byteLength - 312 + 40);
    expect((await verdict(frames(), bytes)).refused).toContain('belongs to another stream than BEGIN');
  });
});

describe('a package', () => {
  const list = packageList();
  const without = (...names: readonly string[]) => ALL_SENT.filter(({ name }) => !names.includes(name));
  const refusalOf = async (packed: Uint8Array, sent: readonly Sent[]) =>
    (await verdict(full(), packageOf(packed, sent).bytes())).refused;

  it.each([
    ['the last snapshot of a child', ['tank/a/kid@3'], 'tank/a/kid@3 did not arrive'],
    ['a child', ['tank/a/kid@1', 'tank/a/kid@3'], 'tank/a/kid@3 did not arrive'],
    ['a snapshot in between', ['tank/a@2'], 'tank/a@3 does not build on tank/a@1'],
    ['the first snapshots', ['tank/a@1', 'tank/a@2'], 'what tank/a@3 builds on is neither in it'],
    ['everything', ALL_SENT.map(({ name }) => name), 'tank/a@3 did not arrive'],
  ])('without %s is refused', async (_, names, message) => {
    expect(await refusalOf(list, without(...names))).toContain(message);
  });

  it('of increments is accepted, with a child that has no base', async () => {
    const sent = [
      { name: 'tank/a@3', guid: 13n, parentGuid: 12n },
      { name: 'tank/a/kid@3', guid: 23n },
    ];
    expect(await refusalOf(packageList({ from: '2' }), sent)).toBeUndefined();
  });

  it('that begins elsewhere than it says is refused', async () => {
    const sent = [
      { name: 'tank/a@3', guid: 13n, parentGuid: 99n },
      { name: 'tank/a/kid@3', guid: 23n },
    ];
    expect(await refusalOf(packageList({ from: '2' }), sent)).toContain('neither in it nor where it begins');
  });

  it('with a clone of a snapshot in it is accepted', async () => {
    const clones = packNvlist({
      tosnap: '3',
      fss: { '0x3': { name: 'tank/b', origin: 12n, snaps: { 3: 33n } } },
    });
    expect(await refusalOf(clones, [{ name: 'tank/b@3', guid: 33n, parentGuid: 12n }])).toBeUndefined();
  });

  it('of one dataset with its properties may build on what the list does not name', async () => {
    const one = packNvlist({
      tosnap: '3',
      not_recursive: true,
      fss: { '0x1': { name: 'tank/a', snaps: { 3: 13n } } },
    });
    expect(await refusalOf(one, [{ name: 'tank/a@3', guid: 13n, parentGuid: 12n }])).toBeUndefined();
    expect(await refusalOf(one, [])).toContain('tank/a@3 did not arrive');
  });

  it('without a list (-I) must bring the snapshot that it is named after', async () => {
    const none = new Uint8Array();
    const sent = [
      { name: 'tank/a@2', guid: 12n, parentGuid: 11n },
      { name: 'tank/a@3', guid: 13n, parentGuid: 12n },
    ];
    expect(await refusalOf(none, sent)).toBeUndefined();
    expect(await refusalOf(none, sent.slice(0, 1))).toContain('tank/a@3 did not arrive');
    expect(await refusalOf(none, [])).toContain('nothing of tank/a@3 arrived');
  });

  it('whose list nobody can read is refused', async () => {
    const torn = Buffer.from(list);
    torn.writeInt32BE(7, 12);
    expect(await refusalOf(torn, ALL_SENT)).toContain('the list of what the package holds cannot be read');
  });

  it('takes any list without a crash', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: list.byteLength - 1 }), fc.nat({ max: 255 }), async (at, byte) => {
        const changed = Buffer.from(list);
        changed.writeUInt8(byte, at);
        await verdict(full(), packageOf(changed, ALL_SENT).bytes());
      }),
      { numRuns: 300 },
    );
  });
});
